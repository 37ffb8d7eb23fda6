"""Messages of a mailbox or a sandbox, and waiting for one: flows without I/O."""

from __future__ import annotations

import json
import math
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Pattern, Tuple, TypeVar, Union

from ._calls import Answer, Call, Flow, Pause, Server, segment
from .errors import ConnectError, MayflyError, WaitTimeoutError
from .models import LinkKind, Message, MessageItem, MessageReceived, SearchPage

T = TypeVar("T")

MAX_CALL = 25.0
"""The longest wait of one call, in seconds: proxies often close connections that are silent for 30 s."""
RECONNECT = 1.0
"""Seconds before a wait goes on after a broken connection."""
MAX_LISTED = 10
"""How many messages the text of a time-out lists."""
CALLS_TO_ACTION: Tuple[LinkKind, ...] = ("verify", "reset")
"""The kinds of links that a test follows."""
FLAGS = ((re.IGNORECASE, "i"), (re.MULTILINE, "m"), (re.DOTALL, "s"))


@dataclass(frozen=True)
class Filter:
    """Which message is waited for. All conditions must hold."""

    from_: Optional[str] = None
    to: Optional[str] = None
    subject: Union[str, Pattern[str], None] = None
    query: Optional[str] = None
    since: Optional[str] = None
    timeout: Optional[float] = None
    code_length: Union[int, str, None] = None
    code_pattern: Union[str, Pattern[str], None] = None
    has_code: bool = False

    def parameters(self) -> Dict[str, str]:
        """The parameters of a wait, without its cursor and its time-out."""
        subject = self.subject
        if isinstance(subject, re.Pattern):
            subject = f"/{_expression(subject)}/"
        pattern = self.code_pattern
        if isinstance(pattern, re.Pattern):
            pattern = _expression(pattern)
        length = None if self.code_length is None else str(self.code_length)
        found = {
            "from": self.from_,
            "to": self.to,
            "subject": subject,
            "q": self.query,
            "code_length": length,
            "code_pattern": pattern,
            "has_code": "true" if self.has_code else None,
            # Every unread message counts, or what came after the cursor.
            "unread": "true" if self.since is None else None,
        }
        return _present(found)


@dataclass(frozen=True)
class Inbox:
    """How the messages of a mailbox or a sandbox are reached."""

    server: Server
    token: str
    label: str
    """What messages are sent to, for error texts."""
    all_path: str
    """The route of waits and queries."""
    messages_path: str
    """The route of the list and of one message."""
    account_id: Optional[str]
    """The only mailbox whose messages count, where the route of waits and queries has others too."""
    wait_timeout: float
    """Seconds of a wait that names none."""

    def wait(self, filter: Filter) -> Flow[Message]:
        message_id = yield from self._wait(filter, "message", lambda message: message.id)
        message = yield from self.message(message_id)
        return message

    def code(self, filter: Filter) -> Flow[str]:
        def select(message: MessageReceived) -> Optional[str]:
            return message.codes[0].value if message.codes else None

        return self._wait(filter, "message with a code", select)

    def link(self, kind: Optional[LinkKind], filter: Filter) -> Flow[str]:
        kinds = CALLS_TO_ACTION if kind is None else (kind,)

        def select(message: MessageReceived) -> Optional[str]:
            links = [link for link in message.links if link.kind in kinds]
            # The first of those that are equally probable.
            return max(links, key=lambda link: link.confidence).url if links else None

        return self._wait(filter, f"message with a link ({' or '.join(kinds)})", select)

    def messages(self, page: int) -> Flow[List[MessageItem]]:
        call = Call("GET", self.messages_path, self.token, {"page": str(page)})
        return self.server.read(call, lambda body: [MessageItem.from_json(item) for item in body["messages"]])

    def message(self, message_id: str) -> Flow[Message]:
        return self.server.read(Call("GET", self._path(message_id), self.token), Message.from_json)

    def source(self, message_id: str) -> Flow[bytes]:
        return self._bytes(f"{self._path(message_id)}/source")

    def attachment(self, message_id: str, index: int) -> Flow[bytes]:
        return self._bytes(f"{self._path(message_id)}/attachments/{index:d}")

    def search(self, query: str, limit: int, cursor: Optional[str], tz: Optional[str]) -> Flow[SearchPage]:
        parameters = {"q": self._query(query), "limit": str(limit), "cursor": cursor, "tz": tz}
        return self.server.read(Call("GET", f"{self.all_path}/search", self.token, _present(parameters)), SearchPage.from_json)

    def delete_matching(self, query: str, tz: Optional[str]) -> Flow[int]:
        def read(body: Any) -> Tuple[int, Optional[str]]:
            return int(body["deleted"]), body["next"]

        parameters = {"q": self._query(query), "cursor": None, "tz": tz}
        deleted = 0
        # One call examines a bounded number of messages.
        while True:
            call = Call("DELETE", self.all_path, self.token, _present(parameters))
            more, cursor = yield from self.server.read(call, read)
            deleted += more
            if cursor is None:
                return deleted
            parameters["cursor"] = cursor

    def mark_read(self, message_id: str) -> Flow[None]:
        yield from self._claim(message_id)

    def mark_unread(self, message_id: str) -> Flow[None]:
        yield from self.server.send(Call("DELETE", f"{self._path(message_id)}/read", self.token))

    def delete_message(self, message_id: str) -> Flow[None]:
        yield from self.server.send(Call("DELETE", self._path(message_id), self.token))

    def _wait(self, filter: Filter, what: str, select: Callable[[MessageReceived], Optional[T]]) -> Flow[T]:
        timeout = self.wait_timeout if filter.timeout is None else filter.timeout
        deadline = time.monotonic() + timeout
        parameters = filter.parameters()
        since = filter.since or "0"
        while True:
            left = max(0.0, deadline - time.monotonic())
            held = min(left, MAX_CALL)
            query = {**parameters, "since": since, "timeout": str(math.ceil(held))}
            call = Call("GET", f"{self.all_path}/wait", self.token, query, held=held, retry_until=deadline)
            try:
                answer = yield from self.server.send(call)
            except ConnectError:
                # A server that is restarted still has the messages.
                if not self.server.has_answered or left <= RECONNECT:
                    raise
                yield Pause(RECONNECT)
                continue
            if answer.status == 204:
                since = answer.headers.get("x-mayfly-since", since)
                if time.monotonic() >= deadline:
                    raise (yield from self._timeout(parameters, what, timeout))
                continue
            message, since = self.server.parse(answer, _first)
            is_own = self.account_id is None or message.account_id == self.account_id
            value = select(message) if is_own else None
            # Another wait on the same mailbox can be first. After a cursor, messages that are read count too.
            if value is not None and ((yield from self._claim(message.id)) or filter.since is not None):
                return value

    def _claim(self, message_id: str) -> Flow[bool]:
        """Marks a message as read; returns whether it was unread. The key makes a repeated call get the same answer."""
        headers = {"X-Mayfly-Claim": str(uuid.uuid4())}
        call = Call("PUT", f"{self._path(message_id)}/read", self.token, headers=headers)
        answer: Answer = yield from self.server.send(call)
        return answer.headers.get("x-mayfly-changed") != "false"

    def _timeout(self, parameters: Dict[str, str], what: str, timeout: float) -> Flow[WaitTimeoutError]:
        hidden = ("unread", "has_code")
        shown = [f" {name}={json.dumps(value)}" for name, value in parameters.items() if name not in hidden]
        head = f"no {what}{''.join(shown)} for {self.label} within {timeout:g} s"
        try:
            arrived = yield from self.messages(1)
        except MayflyError as error:
            failed = WaitTimeoutError(f"{head}; the messages that arrived cannot be listed", [])
            failed.__cause__ = error
            return failed
        return WaitTimeoutError(f"{head}: {_report(arrived)}", arrived)

    def _bytes(self, path: str) -> Flow[bytes]:
        answer: Answer = yield from self.server.send(Call("GET", path, self.token))
        return answer.body

    def _query(self, query: str) -> str:
        """A query for these messages alone."""
        if not query.strip():
            raise MayflyError("the query is empty: * finds everything")
        if self.account_id is None:
            return query
        # All terms of a query must hold, and * stands alone.
        return f"in:{self.account_id}" if query.strip() == "*" else f"in:{self.account_id} {query}"

    def _path(self, message_id: str) -> str:
        return f"{self.messages_path}/{segment(message_id)}"


def _present(parameters: Mapping[str, Optional[str]]) -> Dict[str, str]:
    return {name: value for name, value in parameters.items() if value is not None}


def _first(body: Any) -> Tuple[MessageReceived, str]:
    return MessageReceived.from_json(body["messages"][0]), body["since"]


def _report(arrived: List[MessageItem]) -> str:
    """Lists what arrived, for a person. `repr` keeps control characters of a mail out of the terminal."""
    if not arrived:
        return "no mail arrived"
    lines = ["what arrived did not match:"]
    for item in arrived[:MAX_LISTED]:
        subject, sender = item.subject or "", item.from_ or item.sender
        lines.append(f"  {subject!r} from {sender!r}{', read already' if item.is_read else ''}")
    if len(arrived) > MAX_LISTED:
        lines.append("  and older ones")
    return "\n".join(lines)


def _expression(pattern: Pattern[str]) -> str:
    """An expression as the server takes it: flags become a group."""
    flags = "".join(letter for flag, letter in FLAGS if pattern.flags & flag)
    return f"(?{flags}){pattern.pattern}" if flags else pattern.pattern
