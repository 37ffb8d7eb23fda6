"""Fixtures: a server that answers as a test says, and one that is real."""

import inspect
import os
import smtplib
import threading
from email.message import EmailMessage
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from anyio.from_thread import start_blocking_portal

from mayfly_client import AsyncMayfly, Mayfly


ME = '{"id":"01","address":"ann@mayfly.test","role":"user","quota":1,"used":0,"created_at":"2026-11-29T09:30:00Z"}'


class FakeServer:
    """Answers each request with the next of its answers: a status, a body and headers, or a function of the handler."""

    def __init__(self):
        self.requests = []
        self.bodies = []
        self.idempotency_keys = []
        self.answers = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_request(self):
                fake.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                fake.requests.append(f"{self.command} {self.path}")
                fake.idempotency_keys.append(self.headers.get("Idempotency-Key"))
                answer = fake.answers.pop(0) if len(fake.answers) > 1 else fake.answers[0]
                if callable(answer):
                    answer(self)
                else:
                    self.answer(*answer)

            do_GET = do_POST = do_PUT = do_DELETE = handle_request

            def answer(self, status, body="", headers=()):
                body = body.encode()
                self.send_response(status)
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def fake():
    fake = FakeServer()
    yield fake
    fake.http.shutdown()
    fake.http.server_close()


class Blocking:
    """An object of the library for `async` code, for ordinary code."""

    def __init__(self, portal, value):
        self._portal = portal
        self._value = value

    def __getattr__(self, name):
        return self._blocking(getattr(self._value, name))

    def _blocking(self, value):
        if inspect.iscoroutinefunction(value):
            return lambda *args, **options: self._blocking(self._portal.call(partial(value, *args, **options)))
        return Blocking(self._portal, value) if type(value).__name__.startswith("Async") else value


@pytest.fixture(params=["ordinary", "async"])
def connect(request):
    """Makes a client of a server: with both libraries, since each has its own I/O."""
    if request.param == "ordinary":
        yield Mayfly
    else:
        with start_blocking_portal() as portal:
            yield lambda *args, **options: Blocking(portal, AsyncMayfly(*args, **options))


@pytest.fixture
def opened(fake, connect):
    """Opens the mailbox of the fake server, and forgets that request."""

    def opened(**options):
        fake.answers.insert(0, (200, ME))
        mailbox = connect(fake.url, **options).open_mailbox("token")
        fake.requests.clear()
        return mailbox

    return opened


@pytest.fixture
def server():
    return os.environ["MAYFLY_SERVER"]


@pytest.fixture
def mayfly(server):
    with Mayfly(server) as mayfly:
        yield mayfly


@pytest.fixture
def send():
    """Sends a mail to an address of the real server."""

    def send(to, subject, text, login=None):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "A Shop <shop@example.com>", to, subject
        mail.set_content(text)
        host, port = os.environ["MAYFLY_SMTP"].split(":")
        with smtplib.SMTP(host, int(port)) as smtp:
            if login:
                smtp.login(*login)
            smtp.send_message(mail)

    return send
