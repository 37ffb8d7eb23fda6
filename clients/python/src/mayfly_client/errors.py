"""Errors. Each names the server or the mailbox, what happened, and what to do if that is known."""

from __future__ import annotations

from typing import Optional, Sequence

from .models import MessageItem


class MayflyError(Exception):
    """Every error of this package."""


class ConnectError(MayflyError):
    """No connection to the server: it is down, or its URL is wrong."""


class RequestTimeoutError(MayflyError):
    """The server accepted the connection and did not answer in time."""


class InvalidResponseError(MayflyError):
    """The answer is none of Mayfly's: no JSON, other keys, a redirect."""


class ApiError(MayflyError):
    """An error answer."""

    def __init__(self, message: str, status: int, code: Optional[str]) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status."""
        self.code = code
        """The `error` of the answer, such as `address_taken`; None if something else answered, such as a proxy."""


class RateLimitedError(ApiError):
    """`429`: too many calls. Raised when the pause that the server asks for does not fit into the time-out."""

    def __init__(self, message: str, code: Optional[str], retry_after: float) -> None:
        super().__init__(message, 429, code)
        self.retry_after = retry_after
        """The pause that the server asks for, in seconds."""


class UnavailableError(ApiError):
    """`503`: something that the server needs is down. Calls without a second effect have been repeated."""

    def __init__(self, message: str, code: Optional[str]) -> None:
        super().__init__(message, 503, code)


class WaitTimeoutError(MayflyError, TimeoutError):
    """No message matched in time. The error's text lists what arrived instead."""

    def __init__(self, message: str, arrived: Sequence[MessageItem]) -> None:
        super().__init__(message)
        self.arrived = arrived
        """The newest messages of the mailbox, 30 at most, read or unread."""
