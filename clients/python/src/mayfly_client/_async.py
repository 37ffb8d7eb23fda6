"""The library for asyncio and trio. Written by `clients/generate` from `_sync.py`: do not edit."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Dict, List, Optional, Pattern, Sequence, TypeVar, Union

import anyio
import httpx

from . import _http
from ._account import Client, Credentials, sandbox_env
from ._calls import Answer, Call, Flow
from ._inbox import Filter, Inbox
from ._user import TokenLimits, UserApi
from .errors import MayflyError
from .models import Account, Delivery, LinkKind, Me, Message, MessageItem, NewSandbox, NewToken, NewWebhook
from .models import Sandbox as SandboxInfo
from .models import SearchPage, SystemDomain, Token, Webhook

T = TypeVar("T")


class _Runner:
    """Runs flows over one pool of connections."""

    def __init__(self, server: str) -> None:
        self.http = httpx.AsyncClient(base_url=server)

    async def run(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                answer = None
                try:
                    if isinstance(step, Call):
                        answer = await self._call(step)
                    else:
                        await anyio.sleep(step.seconds)
                except MayflyError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def _call(self, call: Call) -> Answer:
        deadline = time.monotonic() + call.timeout
        with _http.errors(self.http, call):
            async with self.http.stream(**_http.arguments(call)) as response:
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    _http.check(deadline)
        return _http.answer(response, body)


class AsyncMessages:
    """The messages of a mailbox or a sandbox."""

    def __init__(self, runner: _Runner, inbox: Inbox) -> None:
        self._runner = runner
        self._inbox = inbox

    async def wait(
        self,
        *,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        subject: Union[str, Pattern[str], None] = None,
        query: Optional[str] = None,
        since: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Message:
        """Waits for a message, marks it as read and returns it.

        The oldest unread message that matches is taken, also if it arrived before the call: nothing is missed, and no message
        is returned twice.

        :param from_: a part of the From header or of the envelope sender, in any case
        :param to: a part of the recipient's address, in any case
        :param subject: a part of the subject, in any case; or a pattern, which the server runs in linear time
        :param query: a query, as of a search, such as ``has:attachment``
        :param since: only messages after this one count, read or unread
        :param timeout: seconds, 0 for a look without waiting; by default as the client was made
        :raises WaitTimeoutError: with what arrived instead
        """
        return await self._runner.run(self._inbox.wait(Filter(from_, to, subject, query, since, timeout)))

    async def code(
        self,
        *,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        subject: Union[str, Pattern[str], None] = None,
        query: Optional[str] = None,
        since: Optional[str] = None,
        timeout: Optional[float] = None,
        length: Union[int, str, None] = None,
        pattern: Union[str, Pattern[str], None] = None,
    ) -> str:
        """Waits for a message with a one-time code, marks it as read and returns the most probable code.

        :param length: how many characters the code has: ``6``, or ``"4-8"``
        :param pattern: what the whole code matches

        The other parameters are those of `wait`.
        """
        filter = Filter(from_, to, subject, query, since, timeout, length, pattern, has_code=True)
        return await self._runner.run(self._inbox.code(filter))

    async def link(
        self,
        kind: Optional[LinkKind] = None,
        *,
        from_: Optional[str] = None,
        to: Optional[str] = None,
        subject: Union[str, Pattern[str], None] = None,
        query: Optional[str] = None,
        since: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> str:
        """Waits for a message with a link of a kind, marks it as read and returns the URL of the most probable one.

        Without a kind, a link to verify, to sign in or to reset. The other parameters are those of `wait`.
        """
        filter = Filter(from_, to, subject, query, since, timeout)
        return await self._runner.run(self._inbox.link(kind, filter))

    async def messages(self, page: int = 1) -> List[MessageItem]:
        """A page of messages, newest first, 30 a page."""
        return await self._runner.run(self._inbox.messages(page))

    async def message(self, message_id: str) -> Message:
        """A whole message. Reading marks nothing."""
        return await self._runner.run(self._inbox.message(message_id))

    async def source(self, message_id: str) -> bytes:
        """The bytes of a message as they were received: an ``.eml`` file."""
        return await self._runner.run(self._inbox.source(message_id))

    async def attachment(self, message_id: str, index: int) -> bytes:
        """The decoded bytes of an attachment."""
        return await self._runner.run(self._inbox.attachment(message_id, index))

    async def search(
        self, query: str, *, limit: int = 30, cursor: Optional[str] = None, tz: Optional[str] = None
    ) -> SearchPage:
        """A page of the messages that fulfil a query, newest first.

        :param limit: messages of the page, at most 100
        :param cursor: the ``next`` of the page before, which is None on the last one
        :param tz: the IANA time zone of days in the query, such as ``Europe/Berlin``; UTC by default
        """
        return await self._runner.run(self._inbox.search(query, limit, cursor, tz))

    async def delete_matching(self, query: str, *, tz: Optional[str] = None) -> int:
        """Deletes the messages that fulfil a query; returns how many. ``*`` deletes all."""
        return await self._runner.run(self._inbox.delete_matching(query, tz))

    async def mark_read(self, message_id: str) -> None:
        """Marks a message as read."""
        await self._runner.run(self._inbox.mark_read(message_id))

    async def mark_unread(self, message_id: str) -> None:
        """Marks a message as unread."""
        await self._runner.run(self._inbox.mark_unread(message_id))

    async def delete_message(self, message_id: str) -> None:
        """Deletes a message."""
        await self._runner.run(self._inbox.delete_message(message_id))


class AsyncMailbox(AsyncMessages):
    """A mailbox: an address that receives mail, and its messages."""

    def __init__(self, runner: _Runner, client: Client, credentials: Credentials) -> None:
        super().__init__(runner, client.inbox_of(credentials))
        self._client = client
        self.id = credentials.id
        self.address = credentials.address
        self.token = credentials.token
        """A JWT, valid for 7 days."""
        self.password = credentials.password
        """None if the mailbox was opened with a token."""

    async def info(self) -> Me:
        """Quota, used bytes and time of creation."""
        return await self._runner.run(self._client.info(self.token))

    async def send_test_message(self) -> str:
        """Delivers a message with a code and a link to this mailbox, without SMTP: shows that waiting works. Returns its id."""
        return await self._runner.run(self._client.send_test_message(self.token))

    async def delete(self) -> None:
        """Deletes the mailbox with its mail. Its address cannot be used again."""
        await self._runner.run(self._client.delete_mailbox(self.token))


class AsyncSandbox(AsyncMessages):
    """A sandbox: the messages that an application sent with its login, to any address."""

    def __init__(self, runner: _Runner, client: Client, sandbox: Union[SandboxInfo, NewSandbox]) -> None:
        super().__init__(runner, client.inbox_of_sandbox(sandbox))
        self._client = client
        self.id = sandbox.id
        self.name = sandbox.name
        self.host = sandbox.smtp.host
        self.port = sandbox.smtp.port
        self.username = sandbox.username

    async def update(
        self,
        *,
        name: Optional[str] = None,
        max_messages: Optional[int] = None,
        retention: Optional[str] = None,
        deliver_to_own: Optional[bool] = None,
    ) -> SandboxInfo:
        """Changes the settings that are named; they are those of `AsyncMayfly.create_sandbox`."""
        options = {
            "name": name,
            "max_messages": max_messages,
            "retention": retention,
            "deliver_to_own": deliver_to_own,
        }
        return await self._runner.run(self._client.update_sandbox(self.id, options))

    async def rotate_password(self) -> AsyncSandboxWithPassword:
        """Sets another password. The old one is refused at once."""
        rotated = await self._runner.run(self._client.rotate_sandbox(self.id))
        return AsyncSandboxWithPassword(self._runner, self._client, rotated)

    async def delete(self) -> None:
        """Deletes the sandbox with its mail."""
        await self._runner.run(self._client.delete_sandbox(self.id))


class AsyncSandboxWithPassword(AsyncSandbox):
    """A sandbox whose password is known: it was created or its password was rotated."""

    def __init__(self, runner: _Runner, client: Client, sandbox: NewSandbox) -> None:
        super().__init__(runner, client, sandbox)
        self._sandbox = sandbox
        self.url = sandbox.url
        """Everything that an application needs, password included: ``smtp://sb_…:mfs_…@host:port``."""
        self.password = sandbox.password

    def env(self) -> Dict[str, str]:
        """SMTP_URL, SMTP_HOST, SMTP_PORT, SMTP_USERNAME and SMTP_PASSWORD, for the environment of an application."""
        return sandbox_env(self._sandbox)


class AsyncTokens:
    """The API tokens of a Pro user. A token with scopes, limits or an expiry can only call `current`."""

    def __init__(self, runner: _Runner, api: UserApi) -> None:
        self._runner = runner
        self._api = api

    async def create(
        self,
        name: str,
        *,
        scopes: Optional[Sequence[str]] = None,
        limits: Optional[TokenLimits] = None,
        expires_at: Optional[datetime] = None,
    ) -> NewToken:
        """Creates a token. Its value is in this answer only. Without restrictions it may do whatever its user may.

        :param scopes: what it may do, such as ``["accounts:write", "messages:read"]``; docs/PRO.md has the table
        :param limits: what it may act on, such as ``{"domains": ["mayfly.test"], "address_prefix": "ci-"}``
        :param expires_at: when it ends, from 1 minute to 366 days ahead
        """
        return await self._runner.run(self._api.create_token(name, scopes, limits, expires_at))

    async def list(self) -> List[Token]:
        """Every token, revoked and expired ones too."""
        return await self._runner.run(self._api.tokens())

    async def current(self) -> Token:
        """The token that makes the calls: what it may do, and when it ends."""
        return await self._runner.run(self._api.current_token())

    async def rotate(
        self, token_id: str, *, overlap: Optional[str] = None, expires_at: Optional[datetime] = None
    ) -> NewToken:
        """Replaces a token by another with the same name, scopes and limits.

        :param overlap: how long the old token stays valid, such as ``24h``; by default it is revoked at once
        :param expires_at: when the new token ends; by default it lives as long as the old one was to live
        """
        return await self._runner.run(self._api.rotate_token(token_id, overlap, expires_at))

    async def revoke(self, token_id: str) -> None:
        """Revokes a token: no request that begins after the answer is accepted with it."""
        await self._runner.run(self._api.revoke_token(token_id))


class AsyncWebhooks:
    """The webhooks of a Pro user."""

    def __init__(self, runner: _Runner, api: UserApi) -> None:
        self._runner = runner
        self._api = api

    async def create(self, url: str, *, filter: Optional[str] = None) -> NewWebhook:
        """Creates a webhook. Its secret is in this answer only.

        :param filter: a query, as of a search: only messages that fulfil it are sent
        """
        return await self._runner.run(self._api.create_webhook(url, filter))

    async def list(self) -> List[Webhook]:
        """Every webhook, without its secret."""
        return await self._runner.run(self._api.webhooks())

    async def set_filter(self, webhook_id: str, filter: Optional[str]) -> Webhook:
        """Sets the filter of a webhook, or removes it with None. It applies to messages that arrive later."""
        return await self._runner.run(self._api.set_webhook_filter(webhook_id, filter))

    async def delete(self, webhook_id: str) -> None:
        """Deletes a webhook."""
        await self._runner.run(self._api.delete_webhook(webhook_id))

    async def rotate_secret(self, webhook_id: str) -> str:
        """Creates another secret and returns it. Both sign for a day, and a failed webhook is active again."""
        return await self._runner.run(self._api.rotate_webhook_secret(webhook_id))

    async def test(self, webhook_id: str) -> str:
        """Sends a sample; returns the id of its event."""
        return await self._runner.run(self._api.test_webhook(webhook_id))

    async def deliveries(self, webhook_id: str) -> List[Delivery]:
        """The newest 20 attempts to deliver an event."""
        return await self._runner.run(self._api.deliveries(webhook_id))

    async def replay(self, webhook_id: str, delivery_id: str) -> str:
        """Sends an event again, with its id; returns that id."""
        return await self._runner.run(self._api.replay(webhook_id, delivery_id))


class AsyncMayfly:
    """A Mayfly server.

    :param server: the URL; by default ``MAYFLY_SERVER``, else ``http://127.0.0.1:8080``
    :param token: the API token or JWT of a Pro user, who then owns the mailboxes; by default ``MAYFLY_TOKEN`` if that is an
        API token
    :param request_timeout: seconds of one call
    :param wait_timeout: seconds of a wait that names none
    """

    def __init__(
        self,
        server: Optional[str] = None,
        *,
        token: Optional[str] = None,
        request_timeout: float = 30.0,
        wait_timeout: float = 30.0,
    ) -> None:
        self._client = Client.of(server, token, request_timeout, wait_timeout)
        self._runner = _Runner(self.server)
        api = UserApi(self._client.server, self._client.pro_token)
        self.tokens = AsyncTokens(self._runner, api)
        """The API tokens of the Pro user."""
        self.webhooks = AsyncWebhooks(self._runner, api)
        """The webhooks of the Pro user."""

    @property
    def server(self) -> str:
        """The URL of the server, without a slash at the end."""
        return self._client.server.url

    async def create_mailbox(self, address: Optional[str] = None, password: Optional[str] = None) -> AsyncMailbox:
        """Creates a mailbox. One that exists is signed in to, if the password is right.

        :param address: by default random, on the server's default domain; with an API token that has limits, it fits them
        :param password: by default random
        """
        return await self._mailbox(self._client.create_mailbox(address, password))

    async def sign_in(self, address: str, password: str) -> AsyncMailbox:
        """Signs in to a mailbox."""
        return await self._mailbox(self._client.sign_in(address, password))

    async def open_mailbox(self, token: str) -> AsyncMailbox:
        """The mailbox of a token, such as one from ``mayfly mailbox create``."""
        return await self._mailbox(self._client.open_mailbox(token))

    async def mailboxes(self) -> List[Account]:
        """The mailboxes of the Pro user."""
        return await self._runner.run(self._client.mailboxes())

    async def delete_mailbox(self, mailbox_id: str) -> None:
        """Deletes a mailbox of the Pro user with its mail. Its address cannot be used again."""
        await self._runner.run(self._client.delete_owned_mailbox(mailbox_id))

    async def create_sandbox(
        self,
        name: str,
        *,
        max_messages: Optional[int] = None,
        retention: Optional[str] = None,
        deliver_to_own: Optional[bool] = None,
    ) -> AsyncSandboxWithPassword:
        """Creates a sandbox for an application. Needs the token of a Pro user.

        :param max_messages: more than these remove the oldest; 1,000 by default
        :param retention: how long messages are kept, such as ``12h``; ``7d`` by default
        :param deliver_to_own: whether recipients that are mailboxes of the user get the mail too; true by default
        """
        options = {
            "name": name,
            "max_messages": max_messages,
            "retention": retention,
            "deliver_to_own": deliver_to_own,
        }
        created = await self._runner.run(self._client.create_sandbox(options))
        return AsyncSandboxWithPassword(self._runner, self._client, created)

    async def sandboxes(self) -> List[AsyncSandbox]:
        """The sandboxes of the Pro user."""
        sandboxes = await self._runner.run(self._client.sandboxes())
        return [AsyncSandbox(self._runner, self._client, sandbox) for sandbox in sandboxes]

    async def sandbox(self, name: str) -> AsyncSandbox:
        """The sandbox with a name, such as that of an application which is deployed."""
        return AsyncSandbox(self._runner, self._client, await self._runner.run(self._client.sandbox(name)))

    async def register(self, email: str, password: str) -> str:
        """Registers a Pro user; returns a JWT, which is valid for 7 days: ``AsyncMayfly(token=…)``."""
        return await self._runner.run(self._client.user_token("/pro/api/register", email, password))

    async def login(self, email: str, password: str) -> str:
        """Signs in as a Pro user; returns a JWT, as `register` does."""
        return await self._runner.run(self._client.user_token("/pro/api/login", email, password))

    async def domains(self) -> List[SystemDomain]:
        """The domains on which mailboxes can be created."""
        return await self._runner.run(self._client.domains())

    async def close(self) -> None:
        """Closes the connections."""
        await self._runner.http.aclose()

    async def __aenter__(self) -> AsyncMayfly:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _mailbox(self, flow: Flow[Credentials]) -> AsyncMailbox:
        return AsyncMailbox(self._runner, self._client, await self._runner.run(flow))
