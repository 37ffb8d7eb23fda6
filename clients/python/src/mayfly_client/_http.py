"""What both runners of flows do with httpx."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Union

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
        text = f"{server}: no answer to {call.method} {call.path} within {call.timeout:g} s"
        raise RequestTimeoutError(text) from error
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        text = f"{server}: {reason}. Is Mayfly running there? Start it with `mayfly`, or set MAYFLY_SERVER."
        raise ConnectError(text) from error
