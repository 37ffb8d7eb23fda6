"""What belongs to a Pro user, against a real server."""

import asyncio
import smtplib
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mayfly_client import ApiError, AsyncMayfly, Mayfly, MayflyError, WaitTimeoutError


@pytest.fixture
def user(server, mayfly):
    """A new Pro user."""
    with Mayfly(server, token=mayfly.register(f"{uuid.uuid4()}@example.com", "correct horse")) as user:
        yield user


@pytest.fixture
def receiver():
    """A receiver of webhooks: its URL, and the ids of the events that it got."""
    events = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            events.append(self.headers["webhook-id"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/", events
    http.shutdown()
    http.server_close()


def in_an_hour():
    return datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=1)


def until(condition):
    while not condition():
        time.sleep(0.02)


def test_user_registers_and_signs_in(server, mayfly):
    email = f"{uuid.uuid4()}@example.com"
    mayfly.register(email, "correct horse")
    with Mayfly(server, token=mayfly.login(email, "correct horse")) as user:
        assert user.mailboxes() == []
    with pytest.raises(ApiError, match="401 invalid_credentials"):
        mayfly.login(email, "wrong horse")
    with pytest.raises(ApiError, match="409 email_taken"):
        mayfly.register(email, "correct horse")


def test_token_does_what_its_scopes_and_limits_allow(server, user):
    domain = next(one.domain for one in user.domains() if one.default)
    expires_at = in_an_hour()
    created = user.tokens.create(
        "ci",
        scopes=["accounts:write", "messages:read"],
        limits={"domains": [domain], "address_prefix": "ci-"},
        expires_at=expires_at,
    )
    with Mayfly(server, token=created.token) as ci:
        current = ci.tokens.current()
        assert (current.id, current.name, current.expires_at) == (created.id, "ci", expires_at)
        assert current.scopes == ["accounts:write", "messages:read"]
        assert (current.limits.domains, current.limits.address_prefix, current.limits.accounts) == ([domain], "ci-", None)
        # A random address fits the limits.
        mailbox = ci.create_mailbox()
        assert mailbox.address.startswith("ci-") and mailbox.address.endswith(f"@{domain}")
        with pytest.raises(ApiError, match="404 not_found"):
            ci.create_mailbox(f"a{mailbox.address}")
        with pytest.raises(ApiError, match="403 insufficient_scope"):
            ci.mailboxes()
        with pytest.raises(ApiError, match="403 insufficient_scope"):
            ci.tokens.list()
        assert [one.address for one in user.mailboxes()] == [mailbox.address]
        ci.delete_mailbox(mailbox.id)
        assert user.mailboxes() == []


def test_tokens_are_listed_rotated_and_revoked(server, user):
    def current_id(token):
        with Mayfly(server, token=token) as mayfly:
            return mayfly.tokens.current().id

    first = user.tokens.create("all")
    assert (first.scopes, first.limits, first.expires_at) == (None, None, None)
    second = user.tokens.rotate(first.id, overlap="1h", expires_at=in_an_hour())
    # Both are valid for an hour.
    assert (current_id(first.token), current_id(second.token)) == (first.id, second.id)
    third = user.tokens.rotate(second.id)
    with pytest.raises(ApiError, match="401 invalid_token"):
        current_id(second.token)
    user.tokens.revoke(third.id)
    with pytest.raises(ApiError, match="401 invalid_token"):
        current_id(third.token)
    listed = {token.id: token for token in user.tokens.list()}
    assert listed.keys() == {first.id, second.id, third.id}
    assert listed[third.id].revoked_at
    with pytest.raises(MayflyError, match="the id is empty"):
        user.tokens.revoke("")
    with pytest.raises(MayflyError, match="expires_at has no time zone"):
        user.tokens.create("ci", expires_at=datetime(2027, 1, 1))


def test_messages_are_searched_marked_and_deleted_by_a_query(mayfly, send):
    mailbox = mayfly.create_mailbox()
    for subject in ("Invoice 1", "Invoice 2", "Lunch"):
        send(mailbox.address, subject, "x")
    first = mailbox.search("subject:invoice", limit=1)
    assert [message.subject for message in first.messages] == ["Invoice 2"]
    (message,) = mailbox.search("subject:invoice", limit=1, cursor=first.next).messages
    assert message.subject == "Invoice 1"
    mailbox.mark_read(message.id)
    assert len(mailbox.search("subject:invoice is:read").messages) == 1
    mailbox.mark_unread(message.id)
    assert mailbox.search("subject:invoice is:read").messages == []
    assert len(mailbox.search("after:2026-01-01", tz="Europe/Berlin").messages) == 3
    with pytest.raises(ApiError, match="400 invalid_query"):
        mailbox.search("unknown:field")
    with pytest.raises(MayflyError, match="the query is empty"):
        mailbox.delete_matching(" ")
    assert mailbox.delete_matching("subject:invoice") == 2
    assert [message.subject for message in mailbox.messages()] == ["Lunch"]
    assert mailbox.delete_matching("*") == 1


def test_sandbox_is_found_by_its_name_changed_and_searched_alone(user, send):
    def send_from(sandbox, subject):
        send("ann@customer.example", subject, "x", (sandbox.username, sandbox.password))

    api, other = user.create_sandbox("api"), user.create_sandbox("other")
    send_from(other, "Your bill")
    send_from(api, "Your bill")
    found = user.sandbox("api")
    assert found.wait().subject == "Your bill"
    with pytest.raises(WaitTimeoutError):
        found.wait(timeout=0)
    assert len(found.search("subject:bill").messages) == 1
    assert found.delete_matching("*") == 1
    assert len(other.search("*").messages) == 1

    assert found.update(name="renamed", max_messages=10).max_messages == 10
    with pytest.raises(MayflyError, match="no sandbox has the name 'api'"):
        user.sandbox("api")
    rotated = user.sandbox("renamed").rotate_password()
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send_from(api, "x")
    send_from(rotated, "Again")
    assert rotated.wait().subject == "Again"
    other.delete()
    assert [sandbox.name for sandbox in user.sandboxes()] == ["renamed"]


def test_webhook_is_created_tested_replayed_rotated_and_deleted(user, receiver):
    url, events = receiver
    webhook = user.webhooks.create(url, filter="has:code")
    assert webhook.secret.startswith("whsec_")
    assert [(one.id, one.filter) for one in user.webhooks.list()] == [(webhook.id, "has:code")]
    assert user.webhooks.set_filter(webhook.id, None).filter is None

    event = user.webhooks.test(webhook.id)
    until(lambda: user.webhooks.deliveries(webhook.id))
    delivery = user.webhooks.deliveries(webhook.id)[-1]
    assert (delivery.event_id, delivery.status_code) == (event, 204)
    assert user.webhooks.replay(webhook.id, delivery.id) == event
    until(lambda: len(events) == 2)
    assert events == [event, event]

    secret = user.webhooks.rotate_secret(webhook.id)
    assert secret.startswith("whsec_") and secret != webhook.secret
    user.webhooks.delete(webhook.id)
    assert user.webhooks.list() == []


def test_async_code_has_tokens_webhooks_and_sandboxes_too(server, mayfly):
    jwt = mayfly.register(f"{uuid.uuid4()}@example.com", "correct horse")

    async def use():
        async with AsyncMayfly(server, token=jwt) as user:
            created = await user.tokens.create("ci", scopes=["sandbox:write", "sandbox:read"])
            async with AsyncMayfly(server, token=created.token) as ci:
                sandbox = await (await ci.create_sandbox("api")).rotate_password()
                assert (await ci.sandbox("api")).id == sandbox.id
                assert [one.name for one in await ci.sandboxes()] == ["api"]
            await user.tokens.revoke(created.id)
            assert await user.webhooks.list() == []

    asyncio.run(use())
