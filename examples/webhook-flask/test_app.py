import os
import threading
import time
import uuid

import app as receiver
import httpx
import pytest
from mayfly_client import Mayfly
from werkzeug.serving import make_server


@pytest.fixture
def user(mayfly_server):
    """A client of the API, as a new Pro user."""
    with httpx.Client(base_url=mayfly_server.url) as http:
        user = {"email": f"{uuid.uuid4()}@example.com", "password": "correct horse"}
        http.headers["Authorization"] = f"Bearer {http.post('/pro/api/register', json=user).json()['token']}"
        yield http


@pytest.fixture
def url():
    server = make_server("127.0.0.1", 0, receiver.app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/mail"
    server.shutdown()
    thread.join()


def test_mail_is_reported(user, url, mayfly_server):
    webhook = user.post("/pro/api/webhooks", json={"url": url}).json()
    os.environ["WEBHOOK_SECRET"] = webhook["secret"]
    token = user.headers["Authorization"].split()[1]
    mailbox = Mayfly(mayfly_server.url, token=token).create_mailbox()
    message_id = mailbox.send_test_message()
    deadline = time.monotonic() + 30
    while not receiver.processed and time.monotonic() < deadline:
        time.sleep(0.05)
    (event,) = receiver.processed.values()
    assert event["type"] == "email.received"
    assert (event["data"]["email_id"], event["data"]["address"]) == (message_id, mailbox.address)


def test_forged_and_recorded_deliveries_are_refused(monkeypatch):
    # This signature is right, and its time is long ago.
    monkeypatch.setenv("WEBHOOK_SECRET", "whsec_demo")
    recorded = "sha256=6529fbb047af1c4f61b6cb9d184193ce1525356cd55cab09dce58684f9a17039"
    client = receiver.app.test_client()

    def status(signature, timestamp):
        headers = {"X-Webhook-Timestamp": timestamp, "X-Webhook-Signature": signature}
        return client.post("/mail", data=b'{"id":"evt_1"}', headers=headers, content_type="application/json").status_code

    assert status(recorded, "1767323045") == 401
    monkeypatch.setattr(receiver.time, "time", lambda: 1767323045.0)
    assert status(recorded, "1767323046") == 401
    assert status("sha256=00", "1767323045") == 401
    assert status("", "") == 401
    # The event is no whole one, but its signature is right.
    assert status(recorded, "1767323045") == 500
