"""Calls of the HTTP API without I/O: retries and errors.

A flow is a generator that yields what is to be done (a `Call` or a `Pause`) and gets the result. `_sync` and `_async` run
flows, so that both have the same behaviour.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Generator, Mapping, Optional, TypeVar, Union
from urllib.parse import quote, urlsplit

from .errors import ApiError, InvalidResponseError, MayflyError, RateLimitedError, UnavailableError

T = TypeVar("T")
Flow = Generator[Union["Call", "Pause"], Any, T]

MAX_RETRIES = 3
"""How often a call without a second effect is repeated after `503`."""
BACKOFF = 0.25
"""Seconds after the first `503`, doubled each time. Also the spread of pauses, so that parallel workers do not come back at once."""
MAX_BACKOFF = 2.0
"""The longest pause after a `503` that names none, in seconds."""
DEFAULT_PAUSE = 1.0
"""Seconds after a `429` that names none."""
EXCERPT_CHARS = 100
"""How much of an answer that is not understood is shown."""


@dataclass(frozen=True)
class Call:
    """One call. Its result is an `Answer`."""

    method: str
    path: str
    token: Optional[str] = None
    query: Mapping[str, str] = field(default_factory=dict)
    body: Optional[Mapping[str, Any]] = None
    headers: Mapping[str, str] = field(default_factory=dict)
    held: float = 0.0
    """Seconds that the server holds the call open, beside the time-out of every call."""
    retry_until: Optional[float] = None
    """When repetitions end: a time of `time.monotonic()`."""
    is_repeatable: Optional[bool] = None
    """Whether it can be repeated without a second effect; by default, whether it is no POST."""
    timeout: float = 0.0
    """Seconds until the answer is complete. `Server.send` sets it."""


@dataclass(frozen=True)
class Pause:
    """Seconds to sleep."""

    seconds: float


@dataclass(frozen=True)
class Answer:
    """An answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Server:
    """One server, and how long a call to it can take."""

    url: str
    timeout: float
    has_answered: bool = False
    """A server that has answered before is restarting when it refuses a connection."""

    def send(self, call: Call) -> Flow[Answer]:
        """Calls, and repeats the call while the server asks for it. Returns answers of 2xx only."""
        retry_until = time.monotonic() + self.timeout if call.retry_until is None else call.retry_until
        is_repeatable = call.method != "POST" if call.is_repeatable is None else call.is_repeatable
        call = replace(call, timeout=self.timeout + call.held)
        attempt = 0
        while True:
            answer: Answer = yield call
            self.has_answered = True
            if 200 <= answer.status < 300:
                return answer
            pause = _pause(answer, attempt)
            has_retries = call.retry_until is not None or attempt < MAX_RETRIES
            is_retried = answer.status == 429 or (answer.status == 503 and is_repeatable and has_retries)
            if not is_retried or time.monotonic() + pause > retry_until:
                raise self._error(call, answer)
            yield Pause(pause + random.random() * BACKOFF)
            attempt += 1

    def read(self, call: Call, read: Callable[[Any], T]) -> Flow[T]:
        """Calls, and reads the JSON of the answer."""
        answer = yield from self.send(call)
        return self.parse(answer, read)

    def parse(self, answer: Answer, read: Callable[[Any], T]) -> T:
        """Reads the JSON of an answer."""
        try:
            value = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise InvalidResponseError(f"{self.url}: the answer is not JSON: {_excerpt(answer.body)}") from None
        try:
            return read(value)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            detail = f"no {error}" if isinstance(error, KeyError) else str(error)
            text = f"{self.url}: the answer is none of Mayfly's ({detail}): {_excerpt(answer.body)}"
            raise InvalidResponseError(text) from error

    def _error(self, call: Call, answer: Answer) -> MayflyError:
        if 300 <= answer.status < 400:
            location = answer.headers.get("location")
            return InvalidResponseError(f"{self.url}: redirects to {location}: set that URL as the server")
        try:
            body = json.loads(answer.body)
            code: Optional[str] = body["error"]
            detail = f"{code}: {body['message']}"
        except (ValueError, LookupError, TypeError, RecursionError):
            code, detail = None, _excerpt(answer.body)
        message = f"{self.url}: {call.method} {call.path}: {answer.status} {detail}"
        if answer.status == 429:
            pause = _pause(answer, 0)
            return RateLimitedError(f"{message} (retry after {pause:g} s)", code, pause)
        if answer.status == 503:
            return UnavailableError(message, code)
        return ApiError(message, answer.status, code)


def base_url(server: str) -> str:
    """Completes `127.0.0.1:8080`, as the program `mayfly` does."""
    url = server if "://" in server else f"http://{server}"
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        is_url = parts.scheme in ("http", "https") and parts.hostname is not None and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or not url.isprintable() or " " in url:
        raise MayflyError(f"server: {server!r} is no URL of http or https")
    return url.rstrip("/")


def segment(text: str) -> str:
    """A part of a path. An empty one would name another route."""
    if not text:
        raise MayflyError("the id is empty")
    return quote(text, safe="")


def _pause(answer: Answer, attempt: int) -> float:
    retry_after = answer.headers.get("retry-after", "")
    seconds = float(retry_after) if retry_after.isdecimal() else None
    if answer.status == 429:
        return DEFAULT_PAUSE if seconds is None else seconds
    return max(min(BACKOFF * 2.0**attempt, MAX_BACKOFF), seconds or 0.0)


def _excerpt(body: bytes) -> str:
    return repr(body.decode("utf-8", "replace")[:EXCERPT_CHARS]) if body else "an empty body"
