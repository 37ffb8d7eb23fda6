"""Answers of the HTTP API. Written by `clients/generate` from the OpenAPI document: do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, List, Literal, Optional, Tuple


def _each(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: [read(value) for value in values]


def _optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _time(text: str) -> datetime:
    # Python 3.9 reads no `Z`.
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


CodePlace = Literal["subject", "text", "html", "header"]
"""A part of a message."""

LinkKind = Literal["verify", "reset", "unsubscribe", "other"]
"""The purpose of a link, by simple rules."""


@dataclass(frozen=True)
class Account:
    """A mailbox in its owner's list."""

    address: str
    created_at: datetime
    id: str
    quota: int
    """Bytes."""
    used: int
    """Bytes."""

    @classmethod
    def from_json(cls, json: Any) -> Account:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            address=json["address"],
            created_at=_time(json["created_at"]),
            id=json["id"],
            quota=json["quota"],
            used=json["used"],
        )


@dataclass(frozen=True)
class Attachment:
    """A part of a message that is not its text."""

    content_type: str
    filename: Optional[str]
    index: int
    size: int
    """Bytes, decoded."""

    @classmethod
    def from_json(cls, json: Any) -> Attachment:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            content_type=json["content_type"],
            filename=json.get("filename"),
            index=json["index"],
            size=json["size"],
        )


@dataclass(frozen=True)
class Code:
    """A one-time code, as a person would type it: digits of any script are ASCII, and groups of
    digits are joined.
    """

    confidence: float
    """How sure it is that this is a one-time code."""
    found_in: CodePlace
    """Its first occurrence."""
    value: str

    @classmethod
    def from_json(cls, json: Any) -> Code:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            confidence=json["confidence"],
            found_in=json["found_in"],
            value=json["value"],
        )


@dataclass(frozen=True)
class Delivery:
    """A delivery attempt."""

    attempt: int
    created_at: datetime
    duration_ms: Optional[int]
    error: Optional[str]
    event_id: str
    event_type: str
    id: str
    status_code: Optional[int]

    @classmethod
    def from_json(cls, json: Any) -> Delivery:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            attempt=json["attempt"],
            created_at=_time(json["created_at"]),
            duration_ms=json.get("duration_ms"),
            error=json.get("error"),
            event_id=json["event_id"],
            event_type=json["event_type"],
            id=json["id"],
            status_code=json.get("status_code"),
        )


@dataclass(frozen=True)
class Limits:
    """What a token may act on; null is no limit of this kind."""

    accounts: Optional[List[str]]
    address_prefix: Optional[str]
    domains: Optional[List[str]]
    sandboxes: Optional[List[str]]

    @classmethod
    def from_json(cls, json: Any) -> Limits:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            accounts=_optional(list)(json.get("accounts")),
            address_prefix=json.get("address_prefix"),
            domains=_optional(list)(json.get("domains")),
            sandboxes=_optional(list)(json.get("sandboxes")),
        )


@dataclass(frozen=True)
class Link:
    """A link to `http` or `https`."""

    confidence: float
    """How sure it is that the link is of this kind."""
    kind: LinkKind
    """`verify` also means a link to sign in with."""
    text: Optional[str]
    """The text of the link; null for a bare URL."""
    url: str

    @classmethod
    def from_json(cls, json: Any) -> Link:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            confidence=json["confidence"],
            kind=json["kind"],
            text=json.get("text"),
            url=json["url"],
        )


@dataclass(frozen=True)
class Me:
    """The mailbox of the token."""

    address: str
    created_at: datetime
    id: str
    quota: int
    """Bytes."""
    role: str
    """`user`, or `pro` when a Pro user owns the mailbox."""
    used: int
    """Bytes."""

    @classmethod
    def from_json(cls, json: Any) -> Me:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            address=json["address"],
            created_at=_time(json["created_at"]),
            id=json["id"],
            quota=json["quota"],
            role=json["role"],
            used=json["used"],
        )


@dataclass(frozen=True)
class Message:
    """A whole message."""

    address: str
    """The mailbox's address."""
    attachments: List[Attachment]
    bcc: List[str]
    """Those of `recipients` that neither To nor Cc names."""
    cc: List[NamedAddress]
    """The addresses of Cc; 1000 at most."""
    codes: List[Code]
    """The one-time codes, 10 at most, the most probable first."""
    created_at: datetime
    date: Optional[datetime]
    """The time of the Date field, in UTC; null without one that can be read."""
    from_: Optional[str]
    has_attachments: Optional[bool]
    """Null where not all of the mail could be read."""
    headers: List[Tuple[str, str]]
    """Name and decoded value of every header field, in their order; 100 KiB together at most."""
    html_body: Optional[str]
    """As sent: never show it without a sandbox."""
    id: str
    is_read: bool
    links: List[Link]
    """The links, 100 at most, each URL once."""
    message_id: Optional[str]
    """With its angle brackets."""
    recipients: Optional[List[str]]
    """Who an application sent it to, as in the envelope; null for mail from outside."""
    reply_to: List[NamedAddress]
    """The addresses of Reply-To; 1000 at most."""
    sender: str
    """Envelope MAIL FROM; empty for the null sender."""
    size: int
    """Bytes as received."""
    subject: Optional[str]
    text_body: Optional[str]
    to: List[NamedAddress]
    """The addresses of To; 1000 at most."""
    unsubscribe: Optional[Unsubscribe]

    @classmethod
    def from_json(cls, json: Any) -> Message:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            address=json["address"],
            attachments=_each(Attachment.from_json)(json["attachments"]),
            bcc=list(json["bcc"]),
            cc=_each(NamedAddress.from_json)(json["cc"]),
            codes=_each(Code.from_json)(json["codes"]),
            created_at=_time(json["created_at"]),
            date=_optional(_time)(json.get("date")),
            from_=json.get("from"),
            has_attachments=json.get("has_attachments"),
            headers=_each(tuple)(json["headers"]),
            html_body=json.get("html_body"),
            id=json["id"],
            is_read=json["is_read"],
            links=_each(Link.from_json)(json["links"]),
            message_id=json.get("message_id"),
            recipients=_optional(list)(json.get("recipients")),
            reply_to=_each(NamedAddress.from_json)(json["reply_to"]),
            sender=json["sender"],
            size=json["size"],
            subject=json.get("subject"),
            text_body=json.get("text_body"),
            to=_each(NamedAddress.from_json)(json["to"]),
            unsubscribe=_optional(Unsubscribe.from_json)(json.get("unsubscribe")),
        )


@dataclass(frozen=True)
class MessageItem:
    """A message in a list."""

    created_at: datetime
    from_: Optional[str]
    """The From header, decoded."""
    has_attachments: Optional[bool]
    """Null where not all of the mail could be read."""
    id: str
    is_read: bool
    preview_text: str
    """The first 100 characters of the text."""
    sender: str
    """Envelope MAIL FROM; empty for the null sender."""
    size: int
    """Bytes as received."""
    subject: Optional[str]

    @classmethod
    def from_json(cls, json: Any) -> MessageItem:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            created_at=_time(json["created_at"]),
            from_=json.get("from"),
            has_attachments=json.get("has_attachments"),
            id=json["id"],
            is_read=json["is_read"],
            preview_text=json["preview_text"],
            sender=json["sender"],
            size=json["size"],
            subject=json.get("subject"),
        )


@dataclass(frozen=True)
class MessageReceived:
    """A received message, with its mailbox."""

    created_at: datetime
    from_: Optional[str]
    """The From header, decoded."""
    has_attachments: Optional[bool]
    """Null where not all of the mail could be read."""
    id: str
    is_read: bool
    preview_text: str
    """The first 100 characters of the text."""
    sender: str
    """Envelope MAIL FROM; empty for the null sender."""
    size: int
    """Bytes as received."""
    subject: Optional[str]
    account_id: str
    address: str
    """The mailbox's address."""
    codes: List[Code]
    """The one-time codes in it, the most probable first. A wait for a length or a pattern leaves
    other codes out.
    """
    links: List[Link]
    """The links in it."""

    @classmethod
    def from_json(cls, json: Any) -> MessageReceived:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            created_at=_time(json["created_at"]),
            from_=json.get("from"),
            has_attachments=json.get("has_attachments"),
            id=json["id"],
            is_read=json["is_read"],
            preview_text=json["preview_text"],
            sender=json["sender"],
            size=json["size"],
            subject=json.get("subject"),
            account_id=json["account_id"],
            address=json["address"],
            codes=_each(Code.from_json)(json["codes"]),
            links=_each(Link.from_json)(json["links"]),
        )


@dataclass(frozen=True)
class NamedAddress:
    """An address of the header, with the name that was sent with it."""

    address: str
    """Empty if the field has a name only, such as `operator`."""
    name: Optional[str]

    @classmethod
    def from_json(cls, json: Any) -> NamedAddress:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            address=json["address"],
            name=json.get("name"),
        )


@dataclass(frozen=True)
class NewSandbox:
    """A sandbox with a new password, which is shown here and never again."""

    account_id: str
    """Its mailbox, as in `/pro/api/accounts/{id}/messages`."""
    created_at: datetime
    deliver_to_own: bool
    """Recipients that are mailboxes of the user get the mail too."""
    id: str
    is_default: bool
    """Whether it is the one of the user's API tokens."""
    max_messages: int
    """More than these remove the oldest."""
    name: str
    quota: int
    """Bytes."""
    retention: str
    """How long messages are kept, such as `7d` or `12h`."""
    smtp: SmtpSettings
    used: int
    """Bytes."""
    username: str
    password: str
    url: str
    """Everything that an application needs, password included."""

    @classmethod
    def from_json(cls, json: Any) -> NewSandbox:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            account_id=json["account_id"],
            created_at=_time(json["created_at"]),
            deliver_to_own=json["deliver_to_own"],
            id=json["id"],
            is_default=json["is_default"],
            max_messages=json["max_messages"],
            name=json["name"],
            quota=json["quota"],
            retention=json["retention"],
            smtp=SmtpSettings.from_json(json["smtp"]),
            used=json["used"],
            username=json["username"],
            password=json["password"],
            url=json["url"],
        )


@dataclass(frozen=True)
class NewToken:
    """A new Pro API token. Its value is shown here and never again."""

    created_at: datetime
    expires_at: Optional[datetime]
    id: str
    limits: Optional[Limits]
    name: str
    scopes: Optional[List[str]]
    """What it may do; null is whatever the user may."""
    token: str

    @classmethod
    def from_json(cls, json: Any) -> NewToken:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            created_at=_time(json["created_at"]),
            expires_at=_optional(_time)(json.get("expires_at")),
            id=json["id"],
            limits=_optional(Limits.from_json)(json.get("limits")),
            name=json["name"],
            scopes=_optional(list)(json.get("scopes")),
            token=json["token"],
        )


@dataclass(frozen=True)
class NewWebhook:
    """A new webhook. Its secret is shown here and never again."""

    created_at: datetime
    events: List[str]
    failure_count: int
    filter: Optional[str]
    """The query that a message must fulfil, if the webhook has one."""
    gives_up_at: Optional[datetime]
    """The approximate time at which it becomes `failed` if the receiver keeps failing; null
    without a pending retry.
    """
    id: str
    last_triggered_at: Optional[datetime]
    status: str
    """`active`, `failed`, or `paused` by an operator."""
    url: str
    secret: str

    @classmethod
    def from_json(cls, json: Any) -> NewWebhook:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            created_at=_time(json["created_at"]),
            events=list(json["events"]),
            failure_count=json["failure_count"],
            filter=json.get("filter"),
            gives_up_at=_optional(_time)(json.get("gives_up_at")),
            id=json["id"],
            last_triggered_at=_optional(_time)(json.get("last_triggered_at")),
            status=json["status"],
            url=json["url"],
            secret=json["secret"],
        )


@dataclass(frozen=True)
class Sandbox:
    """A sandbox, without its password."""

    account_id: str
    """Its mailbox, as in `/pro/api/accounts/{id}/messages`."""
    created_at: datetime
    deliver_to_own: bool
    """Recipients that are mailboxes of the user get the mail too."""
    id: str
    is_default: bool
    """Whether it is the one of the user's API tokens."""
    max_messages: int
    """More than these remove the oldest."""
    name: str
    quota: int
    """Bytes."""
    retention: str
    """How long messages are kept, such as `7d` or `12h`."""
    smtp: SmtpSettings
    used: int
    """Bytes."""
    username: str

    @classmethod
    def from_json(cls, json: Any) -> Sandbox:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            account_id=json["account_id"],
            created_at=_time(json["created_at"]),
            deliver_to_own=json["deliver_to_own"],
            id=json["id"],
            is_default=json["is_default"],
            max_messages=json["max_messages"],
            name=json["name"],
            quota=json["quota"],
            retention=json["retention"],
            smtp=SmtpSettings.from_json(json["smtp"]),
            used=json["used"],
            username=json["username"],
        )


@dataclass(frozen=True)
class SearchPage:
    """Found messages, newest first."""

    complete: bool
    """False when messages that came before the call are not indexed yet; repeat the search then."""
    messages: List[MessageReceived]
    next: Optional[str]
    """The cursor of the next page; null on the last one. A page can be short or empty while it
    is set.
    """

    @classmethod
    def from_json(cls, json: Any) -> SearchPage:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            complete=json["complete"],
            messages=_each(MessageReceived.from_json)(json["messages"]),
            next=json.get("next"),
        )


@dataclass(frozen=True)
class SmtpSettings:
    """How an application reaches the mail edge."""

    host: str
    port: int
    submissions_port: Optional[int]
    """With TLS from the start."""
    tls: str
    """Of `port`: `starttls` or `none`."""

    @classmethod
    def from_json(cls, json: Any) -> SmtpSettings:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            host=json["host"],
            port=json["port"],
            submissions_port=json.get("submissions_port"),
            tls=json["tls"],
        )


@dataclass(frozen=True)
class SystemDomain:
    """A domain for mailboxes."""

    default: bool
    domain: str
    id: str
    pro_only: bool
    sort_order: int

    @classmethod
    def from_json(cls, json: Any) -> SystemDomain:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            default=json["default"],
            domain=json["domain"],
            id=json["id"],
            pro_only=json["pro_only"],
            sort_order=json["sort_order"],
        )


@dataclass(frozen=True)
class Token:
    """A Pro API token, without its value."""

    calls: int
    """Requests of the last 30 days, counted a few minutes later."""
    created_at: datetime
    expires_at: Optional[datetime]
    id: str
    last_used_at: Optional[datetime]
    last_used_from: Optional[str]
    """The network of the last use, such as `203.0.113.0/24`."""
    limits: Optional[Limits]
    name: str
    refused: int
    """Those of them that its scopes did not allow."""
    revoked_at: Optional[datetime]
    scopes: Optional[List[str]]
    """What it may do; null is whatever the user may."""

    @classmethod
    def from_json(cls, json: Any) -> Token:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            calls=json["calls"],
            created_at=_time(json["created_at"]),
            expires_at=_optional(_time)(json.get("expires_at")),
            id=json["id"],
            last_used_at=_optional(_time)(json.get("last_used_at")),
            last_used_from=json.get("last_used_from"),
            limits=_optional(Limits.from_json)(json.get("limits")),
            name=json["name"],
            refused=json["refused"],
            revoked_at=_optional(_time)(json.get("revoked_at")),
            scopes=_optional(list)(json.get("scopes")),
        )


@dataclass(frozen=True)
class Unsubscribe:
    """The first URLs of List-Unsubscribe: one of them at least."""

    http: Optional[str]
    """`http` or `https`."""
    mailto: Optional[str]
    """A `mailto:` URL."""
    one_click: bool
    """Whether a POST of `List-Unsubscribe=One-Click` to `http` unsubscribes (RFC 8058)."""

    @classmethod
    def from_json(cls, json: Any) -> Unsubscribe:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            http=json.get("http"),
            mailto=json.get("mailto"),
            one_click=json["one_click"],
        )


@dataclass(frozen=True)
class Webhook:
    """A webhook, without its secret."""

    created_at: datetime
    events: List[str]
    failure_count: int
    filter: Optional[str]
    """The query that a message must fulfil, if the webhook has one."""
    gives_up_at: Optional[datetime]
    """The approximate time at which it becomes `failed` if the receiver keeps failing; null
    without a pending retry.
    """
    id: str
    last_triggered_at: Optional[datetime]
    status: str
    """`active`, `failed`, or `paused` by an operator."""
    url: str

    @classmethod
    def from_json(cls, json: Any) -> Webhook:
        """Reads a JSON object; ignores keys that are not known."""
        return cls(
            created_at=_time(json["created_at"]),
            events=list(json["events"]),
            failure_count=json["failure_count"],
            filter=json.get("filter"),
            gives_up_at=_optional(_time)(json.get("gives_up_at")),
            id=json["id"],
            last_triggered_at=_optional(_time)(json.get("last_triggered_at")),
            status=json["status"],
            url=json["url"],
        )
