"""The library for ordinary code."""

from __future__ import annotations

import time
from typing import Dict, List, Optional, Pattern, TypeVar, Union

import httpx

from . import _http
from ._account import Client, Credentials, sandbox_env
from ._calls import Answer, Call, Flow
from ._inbox import Filter, Inbox
from .errors import MayflyError
from .models import LinkKind, Me, Message, MessageItem, NewSandbox, SystemDomain

T = TypeVar("T")


class _Runner:
    """Runs flows over one pool of connections."""

    def __init__(self, server: str) -> None:
        self.http = httpx.Client(base_url=server)

    def run(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                answer = None
                try:
                    if isinstance(step, Call):
                        answer = self._call(step)
                    else:
                        time.sleep(step.seconds)
                except MayflyError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _call(self, call: Call) -> Answer:
        deadline = time.monotonic() + call.timeout
        with _http.errors(self.http, call):
            with self.http.stream(**_http.arguments(call)) as response:
                body = bytearray()
                for part in response.iter_bytes():
                    body += part
                    _http.check(deadline)
        return _http.answer(response, body)


class Messages:
    """The messages of a mailbox or a sandbox."""

    def __init__(self, runner: _Runner, inbox: Inbox) -> None:
        self._runner = runner
        self._inbox = inbox

    def wait(
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
        return self._runner.run(self._inbox.wait(Filter(from_, to, subject, query, since, timeout)))

    def code(
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
        return self._runner.run(self._inbox.code(filter))

    def link(
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
        return self._runner.run(self._inbox.link(kind, filter))

    def messages(self, page: int = 1) -> List[MessageItem]:
        """A page of messages, newest first, 30 a page."""
        return self._runner.run(self._inbox.messages(page))

    def message(self, message_id: str) -> Message:
        """A whole message. Reading marks nothing."""
        return self._runner.run(self._inbox.message(message_id))

    def source(self, message_id: str) -> bytes:
        """The bytes of a message as they were received: an ``.eml`` file."""
        return self._runner.run(self._inbox.source(message_id))

    def attachment(self, message_id: str, index: int) -> bytes:
        """The decoded bytes of an attachment."""
        return self._runner.run(self._inbox.attachment(message_id, index))

    def mark_read(self, message_id: str) -> None:
        """Marks a message as read."""
        self._runner.run(self._inbox.mark_read(message_id))

    def delete_message(self, message_id: str) -> None:
        """Deletes a message."""
        self._runner.run(self._inbox.delete_message(message_id))


class Mailbox(Messages):
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

    def info(self) -> Me:
        """Quota, used bytes and time of creation."""
        return self._runner.run(self._client.info(self.token))

    def send_test_message(self) -> str:
        """Delivers a message with a code and a link to this mailbox, without SMTP: shows that waiting works. Returns its id."""
        return self._runner.run(self._client.send_test_message(self.token))

    def delete(self) -> None:
        """Deletes the mailbox with its mail. Its address cannot be used again."""
        self._runner.run(self._client.delete_mailbox(self.token))


class Sandbox(Messages):
    """A sandbox: a login for SMTP, and the messages that an application sent with it, to any address."""

    def __init__(self, runner: _Runner, client: Client, sandbox: NewSandbox) -> None:
        super().__init__(runner, client.inbox_of_sandbox(sandbox))
        self._client = client
        self._sandbox = sandbox
        self.id = sandbox.id
        self.name = sandbox.name
        self.url = sandbox.url
        """Everything that an application needs, password included: ``smtp://sb_…:mfs_…@host:port``."""
        self.host = sandbox.smtp.host
        self.port = sandbox.smtp.port
        self.username = sandbox.username
        self.password = sandbox.password

    def env(self) -> Dict[str, str]:
        """SMTP_URL, SMTP_HOST, SMTP_PORT, SMTP_USERNAME and SMTP_PASSWORD, for the environment of an application."""
        return sandbox_env(self._sandbox)

    def delete(self) -> None:
        """Deletes the sandbox with its mail."""
        self._runner.run(self._client.delete_sandbox(self.id))


class Mayfly:
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

    @property
    def server(self) -> str:
        """The URL of the server, without a slash at the end."""
        return self._client.server.url

    def create_mailbox(self, address: Optional[str] = None, password: Optional[str] = None) -> Mailbox:
        """Creates a mailbox. One that exists is signed in to, if the password is right.

        :param address: by default random, on the server's default domain
        :param password: by default random
        """
        return self._mailbox(self._client.create_mailbox(address, password))

    def sign_in(self, address: str, password: str) -> Mailbox:
        """Signs in to a mailbox."""
        return self._mailbox(self._client.sign_in(address, password))

    def open_mailbox(self, token: str) -> Mailbox:
        """The mailbox of a token, such as one from ``mayfly mailbox create``."""
        return self._mailbox(self._client.open_mailbox(token))

    def create_sandbox(
        self,
        name: str,
        *,
        max_messages: Optional[int] = None,
        retention: Optional[str] = None,
        deliver_to_own: Optional[bool] = None,
    ) -> Sandbox:
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
        return Sandbox(self._runner, self._client, self._runner.run(self._client.create_sandbox(options)))

    def domains(self) -> List[SystemDomain]:
        """The domains on which mailboxes can be created."""
        return self._runner.run(self._client.domains())

    def close(self) -> None:
        """Closes the connections."""
        self._runner.http.close()

    def __enter__(self) -> Mayfly:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _mailbox(self, flow: Flow[Credentials]) -> Mailbox:
        return Mailbox(self._runner, self._client, self._runner.run(flow))
