"""Mailboxes and sandboxes of a server: flows without I/O."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from ._calls import Answer, Call, Flow, Server, base_url, segment
from ._inbox import Inbox
from .errors import ApiError, InvalidResponseError, MayflyError
from .models import Account, Me, NewSandbox, Sandbox, SystemDomain, Token

DEFAULT_SERVER = "http://127.0.0.1:8080"
PRO_TOKEN = "tm_pro_"
"""How an API token of a Pro user begins."""
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Credentials:
    """A mailbox and its token."""

    id: str
    address: str
    token: str
    password: Optional[str]


@dataclass
class Client:
    """One server, and the Pro user, if any."""

    server: Server
    token: Optional[str]
    wait_timeout: float
    random_addresses: Optional[Tuple[str, str]] = field(default=None, init=False)
    """The prefix and the domain of random addresses, once they are known."""

    @classmethod
    def of(cls, server: Optional[str], token: Optional[str], request_timeout: float, wait_timeout: float) -> Client:
        if token is None:
            # The variable can have the token of a mailbox, which creates none.
            variable = os.environ.get("MAYFLY_TOKEN", "")
            token = variable if variable.startswith(PRO_TOKEN) else None
        url = base_url(server or os.environ.get("MAYFLY_SERVER") or DEFAULT_SERVER)
        return cls(Server(url, request_timeout), token, wait_timeout)

    def create_mailbox(self, address: Optional[str], password: Optional[str]) -> Flow[Credentials]:
        if address is None:
            address = yield from self._random_address()
        if password is None:
            password = _random_word(26)
        try:
            # With these, a repeated call finds the mailbox that the first one created.
            created = yield from self._signed_in("/api/accounts", address, password, self.token)
            return created
        except ApiError as error:
            if error.code != "address_taken":
                raise
            try:
                existing = yield from self.sign_in(address, password)
                return existing
            except MayflyError:
                raise error from None

    def sign_in(self, address: str, password: str) -> Flow[Credentials]:
        return self._signed_in("/api/token", address, password, None)

    def open_mailbox(self, token: str) -> Flow[Credentials]:
        me = yield from self.info(token)
        return Credentials(me.id, me.address, token, None)

    def info(self, token: str) -> Flow[Me]:
        return self.server.read(Call("GET", "/api/me", token), Me.from_json)

    def send_test_message(self, token: str) -> Flow[str]:
        return self.server.read(Call("POST", "/api/test-message", token), lambda body: str(body["id"]))

    def delete_mailbox(self, token: str) -> Flow[None]:
        yield from self.server.send(Call("DELETE", "/api/me", token))

    def domains(self) -> Flow[List[SystemDomain]]:
        def read(body: Any) -> List[SystemDomain]:
            return [SystemDomain.from_json(domain) for domain in body["domains"]]

        return self.server.read(Call("GET", "/api/domains"), read)

    def user_token(self, path: str, email: str, password: str) -> Flow[str]:
        call = Call("POST", path, body={"email": email, "password": password})
        return self.server.read(call, lambda body: str(body["token"]))

    def mailboxes(self) -> Flow[List[Account]]:
        def read(body: Any) -> List[Account]:
            return [Account.from_json(account) for account in body["accounts"]]

        return self.server.read(Call("GET", "/pro/api/accounts", self.pro_token()), read)

    def delete_owned_mailbox(self, mailbox_id: str) -> Flow[None]:
        yield from self.server.send(Call("DELETE", f"/pro/api/accounts/{segment(mailbox_id)}", self.pro_token()))

    def create_sandbox(self, options: Mapping[str, Any]) -> Flow[NewSandbox]:
        call = Call("POST", "/pro/api/sandboxes", self.pro_token(), body=options)
        return self.server.read(call, NewSandbox.from_json)

    def sandboxes(self) -> Flow[List[Sandbox]]:
        def read(body: Any) -> List[Sandbox]:
            return [Sandbox.from_json(sandbox) for sandbox in body["sandboxes"]]

        return self.server.read(Call("GET", "/pro/api/sandboxes", self.pro_token()), read)

    def sandbox(self, name: str) -> Flow[Sandbox]:
        sandboxes = yield from self.sandboxes()
        found = next((sandbox for sandbox in sandboxes if sandbox.name == name), None)
        if found is None:
            raise MayflyError(f"{self.server.url}: no sandbox has the name {name!r}")
        return found

    def update_sandbox(self, sandbox_id: str, options: Mapping[str, Any]) -> Flow[Sandbox]:
        body = {name: value for name, value in options.items() if value is not None}
        call = Call("PATCH", _sandbox(sandbox_id), self.pro_token(), body=body)
        return self.server.read(call, Sandbox.from_json)

    def rotate_sandbox(self, sandbox_id: str) -> Flow[NewSandbox]:
        call = Call("POST", f"{_sandbox(sandbox_id)}/rotate", self.pro_token())
        return self.server.read(call, NewSandbox.from_json)

    def delete_sandbox(self, sandbox_id: str) -> Flow[None]:
        yield from self.server.send(Call("DELETE", _sandbox(sandbox_id), self.pro_token()))

    def inbox_of(self, mailbox: Credentials) -> Inbox:
        paths = ("/api/messages", "/api/messages")
        return Inbox(self.server, mailbox.token, mailbox.address, *paths, None, self.wait_timeout)

    def inbox_of_sandbox(self, sandbox: Union[Sandbox, NewSandbox]) -> Inbox:
        paths = ("/pro/api/messages", f"/pro/api/accounts/{sandbox.account_id}/messages")
        label = f"the sandbox {sandbox.name!r}"
        return Inbox(self.server, self.pro_token(), label, *paths, sandbox.account_id, self.wait_timeout)

    def pro_token(self) -> str:
        if self.token is None:
            raise MayflyError("this call needs a Pro user: give a token, or set MAYFLY_TOKEN to an API token")
        return self.token

    def _random_address(self) -> Flow[str]:
        if self.random_addresses is None:
            limits = None
            # A token whose address would not fit is answered that nothing is there.
            if self.token is not None and self.token.startswith(PRO_TOKEN):
                call = Call("GET", "/pro/api/tokens/current", self.token)
                limits = (yield from self.server.read(call, Token.from_json)).limits
            if limits is not None and limits.domains:
                domain = limits.domains[0]
            else:
                domain = yield from self._default_domain()
            self.random_addresses = (limits.address_prefix or "" if limits else "", domain)
        prefix, domain = self.random_addresses
        return f"{prefix}{_random_word(12)}@{domain}"

    def _default_domain(self) -> Flow[str]:
        domains = yield from self.domains()
        found = next((domain.domain for domain in domains if domain.default), None)
        if found is None:
            raise InvalidResponseError(f"{self.server.url}: no default domain")
        return found

    def _signed_in(self, path: str, address: str, password: str, token: Optional[str]) -> Flow[Credentials]:
        body = {"address": address, "password": password}
        answer: Answer = yield from self.server.send(Call("POST", path, token, body=body, is_repeatable=True))
        if path == "/api/accounts" and answer.status == 200:
            text = f"{self.server.url}: asks for a proof of work for a new mailbox: give the token of a Pro user"
            raise MayflyError(text)

        def read(made: Any) -> Credentials:
            return Credentials(made["id"], made["address"], made["token"], password)

        return self.server.parse(answer, read)


def _sandbox(sandbox_id: str) -> str:
    return f"/pro/api/sandboxes/{segment(sandbox_id)}"


def sandbox_env(sandbox: NewSandbox) -> Dict[str, str]:
    """The variables of an application that sends mail."""
    return {
        "SMTP_URL": sandbox.url,
        "SMTP_HOST": sandbox.smtp.host,
        "SMTP_PORT": str(sandbox.smtp.port),
        "SMTP_USERNAME": sandbox.username,
        "SMTP_PASSWORD": sandbox.password,
    }


def _random_word(length: int) -> str:
    """A random word with 5 bits a character."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
