"""What both runners of flows do with httpx."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional, Union

import httpx

from ._calls import Answer, Call
from .errors import ConnectError, RequestTimeoutError


def arguments(call: Call) -> Dict[str, Any]:
    """The arguments of a request."""
    headers = dict(call.headers)
    if call.token is not None:
        headers["Authorization"] = f"Bearer {call.token}"
    # No redirects: the token must not reach another server.
    return {
        "method": call.method,
        "url": call.path,
        "params": dict(call.query),
        "json": call.body,
        "headers": headers,
        "timeout": call.timeout,
        "follow_redirects": False,
    }


def answer(response: httpx.Response, body: bytearray) -> Answer:
    """The answer of a request."""
    return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, bytes(body))


def check(deadline: float) -> None:
    """Ends an answer that comes in small pieces for too long: the time-outs of httpx are for each piece."""
    if time.monotonic() > deadline:
        raise httpx.ReadTimeout("the answer is not complete")


@contextmanager
def errors(http: Union[httpx.Client, httpx.AsyncClient], call: Call) -> Iterator[None]:
    """Names the server and the call in an error of httpx."""
    server = str(http.base_url).rstrip("/")
    try:
        yield
    except httpx.TimeoutException as error:
        text = f"{server}: no answer to {call.method} {call.path} within {round(call.timeout, 1):g} s"
        raise RequestTimeoutError(text) from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        reason = _reason(error).rstrip(".")
        text = f"{server}: {reason}. Is Mayfly running there? Start it with `mayfly`, or set MAYFLY_SERVER."
        raise ConnectError(text) from error


def _reason(error: BaseException) -> str:
    """The text of the innermost cause: outside of it, `async` code knows only that all attempts failed."""
    text = type(error).__name__
    cause: Optional[BaseException] = error
    while cause is not None:
        # The text of asyncio names the address again, and not what happened.
        if isinstance(cause, ConnectionError) and cause.errno:
            text = os.strerror(cause.errno)
        else:
            text = str(cause) or text
        group = getattr(cause, "exceptions", None)
        cause = group[0] if group else cause.__cause__ or cause.__context__
    return text
