"""Mailboxes and sandboxes of a server: flows without I/O."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional

from ._calls import Answer, Call, Flow, Server, base_url
from ._inbox import Inbox
from .errors import ApiError, InvalidResponseError, MayflyError
from .models import Me, NewSandbox, SystemDomain

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
    default_domain: Optional[str] = field(default=None, init=False)

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
            domain = yield from self._domain()
            address = f"{_random_word(12)}@{domain}"
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

    def create_sandbox(self, options: Mapping[str, Any]) -> Flow[NewSandbox]:
        call = Call("POST", "/pro/api/sandboxes", self._pro_token(), body=options)
        return self.server.read(call, NewSandbox.from_json)

    def delete_sandbox(self, sandbox_id: str) -> Flow[None]:
        yield from self.server.send(Call("DELETE", f"/pro/api/sandboxes/{sandbox_id}", self._pro_token()))

    def inbox_of(self, mailbox: Credentials) -> Inbox:
        paths = ("/api/messages/wait", "/api/messages")
        return Inbox(self.server, mailbox.token, mailbox.address, *paths, None, self.wait_timeout)

    def inbox_of_sandbox(self, sandbox: NewSandbox) -> Inbox:
        paths = ("/pro/api/messages/wait", f"/pro/api/accounts/{sandbox.account_id}/messages")
        label = f"the sandbox {sandbox.name!r}"
        return Inbox(self.server, self._pro_token(), label, *paths, sandbox.account_id, self.wait_timeout)

    def _pro_token(self) -> str:
        if self.token is None:
            raise MayflyError("a sandbox belongs to a Pro user: give a token, or set MAYFLY_TOKEN to an API token")
        return self.token

    def _domain(self) -> Flow[str]:
        if self.default_domain is None:
            domains = yield from self.domains()
            self.default_domain = next((domain.domain for domain in domains if domain.default), None)
        if self.default_domain is None:
            raise InvalidResponseError(f"{self.server.url}: no default domain")
        return self.default_domain

    def _signed_in(self, path: str, address: str, password: str, token: Optional[str]) -> Flow[Credentials]:
        body = {"address": address, "password": password}
        answer: Answer = yield from self.server.send(Call("POST", path, token, body=body, is_repeatable=True))
        if path == "/api/accounts" and answer.status == 200:
            text = f"{self.server.url}: asks for a proof of work for a new mailbox: give the token of a Pro user"
            raise MayflyError(text)

        def read(made: Any) -> Credentials:
            return Credentials(made["id"], made["address"], made["token"], password)

        return self.server.parse(answer, read)


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
