"""What belongs to a Pro user: API tokens and webhooks. Flows without I/O."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, TypedDict, TypeVar

from ._calls import Call, Flow, Server, segment
from .errors import MayflyError
from .models import Delivery, NewToken, NewWebhook, Token, Webhook

T = TypeVar("T")


class TokenLimits(TypedDict, total=False):
    """What an API token may act on. Each limit that is there must fit."""

    accounts: Sequence[str]
    """Ids of mailboxes. With them the token creates none."""
    domains: Sequence[str]
    """Domains of mailboxes, and custom domains."""
    address_prefix: str
    """How addresses begin."""
    sandboxes: Sequence[str]
    """Ids of sandboxes."""


@dataclass(frozen=True)
class UserApi:
    """The routes of a Pro user."""

    server: Server
    token: Callable[[], str]

    def create_token(
        self, name: str, scopes: Optional[Sequence[str]], limits: Optional[TokenLimits], expires_at: Optional[datetime]
    ) -> Flow[NewToken]:
        body = {"name": name, "scopes": scopes, "limits": limits, "expires_at": _timestamp(expires_at)}
        return self._post("/pro/api/tokens", body, NewToken.from_json)

    def tokens(self) -> Flow[List[Token]]:
        return self._get("/pro/api/tokens", lambda body: [Token.from_json(token) for token in body["tokens"]])

    def current_token(self) -> Flow[Token]:
        return self._get("/pro/api/tokens/current", Token.from_json)

    def rotate_token(self, token_id: str, overlap: Optional[str], expires_at: Optional[datetime]) -> Flow[NewToken]:
        body = {"overlap": overlap, "expires_at": _timestamp(expires_at)}
        return self._post(f"/pro/api/tokens/{segment(token_id)}/rotate", body, NewToken.from_json)

    def revoke_token(self, token_id: str) -> Flow[None]:
        return self._delete(f"/pro/api/tokens/{segment(token_id)}")

    def create_webhook(self, url: str, filter: Optional[str]) -> Flow[NewWebhook]:
        return self._post("/pro/api/webhooks", {"url": url, "filter": filter}, NewWebhook.from_json)

    def webhooks(self) -> Flow[List[Webhook]]:
        return self._get("/pro/api/webhooks", lambda body: [Webhook.from_json(one) for one in body["webhooks"]])

    def set_webhook_filter(self, webhook_id: str, filter: Optional[str]) -> Flow[Webhook]:
        call = Call("PUT", _webhook(webhook_id), self.token(), body={"filter": filter})
        return self.server.read(call, Webhook.from_json)

    def delete_webhook(self, webhook_id: str) -> Flow[None]:
        return self._delete(_webhook(webhook_id))

    def rotate_webhook_secret(self, webhook_id: str) -> Flow[str]:
        return self._post(f"{_webhook(webhook_id)}/rotate", None, lambda body: str(body["secret"]))

    def test_webhook(self, webhook_id: str) -> Flow[str]:
        return self._post(f"{_webhook(webhook_id)}/test", None, _event_id)

    def deliveries(self, webhook_id: str) -> Flow[List[Delivery]]:
        def read(body: Any) -> List[Delivery]:
            return [Delivery.from_json(delivery) for delivery in body["deliveries"]]

        return self._get(f"{_webhook(webhook_id)}/deliveries", read)

    def replay(self, webhook_id: str, delivery_id: str) -> Flow[str]:
        return self._post(f"{_webhook(webhook_id)}/deliveries/{segment(delivery_id)}/replay", None, _event_id)

    def _get(self, path: str, read: Callable[[Any], T]) -> Flow[T]:
        return self.server.read(Call("GET", path, self.token()), read)

    def _post(self, path: str, body: Optional[Mapping[str, Any]], read: Callable[[Any], T]) -> Flow[T]:
        # Repeated calls with one key have one effect.
        headers: Dict[str, str] = {"Idempotency-Key": str(uuid.uuid4())}
        call = Call("POST", path, self.token(), body=body, headers=headers, is_repeatable=True)
        return self.server.read(call, read)

    def _delete(self, path: str) -> Flow[None]:
        yield from self.server.send(Call("DELETE", path, self.token()))


def _webhook(webhook_id: str) -> str:
    return f"/pro/api/webhooks/{segment(webhook_id)}"


def _event_id(body: Any) -> str:
    return str(body["event_id"])


def _timestamp(time: Optional[datetime]) -> Optional[str]:
    if time is None:
        return None
    if time.tzinfo is None:
        raise MayflyError("expires_at has no time zone: use datetime.now(timezone.utc) + timedelta(days=30)")
    return time.isoformat()
