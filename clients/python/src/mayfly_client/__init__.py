"""Mayfly: disposable mailboxes for tests."""

from ._async import AsyncMailbox, AsyncMayfly, AsyncMessages, AsyncSandbox
from ._sync import Mailbox, Mayfly, Messages, Sandbox
from .errors import (
    ApiError,
    ConnectError,
    InvalidResponseError,
    MayflyError,
    RateLimitedError,
    RequestTimeoutError,
    UnavailableError,
    WaitTimeoutError,
)
from .models import Attachment, Code, Link, LinkKind, Me, Message, MessageItem, SystemDomain

__all__ = [
    "ApiError",
    "AsyncMailbox",
    "AsyncMayfly",
    "AsyncMessages",
    "AsyncSandbox",
    "Attachment",
    "Code",
    "ConnectError",
    "InvalidResponseError",
    "Link",
    "LinkKind",
    "Mailbox",
    "Mayfly",
    "MayflyError",
    "Me",
    "Message",
    "MessageItem",
    "Messages",
    "RateLimitedError",
    "RequestTimeoutError",
    "Sandbox",
    "SystemDomain",
    "UnavailableError",
    "WaitTimeoutError",
]
