"""A server that is down, slow, limited, unavailable, or none of Mayfly's."""

import json
import re
import socket
import threading
import time

import pytest

from conftest import ME
from mayfly_client import (
    ApiError,
    ConnectError,
    InvalidResponseError,
    Mayfly,
    MayflyError,
    RateLimitedError,
    RequestTimeoutError,
    UnavailableError,
    WaitTimeoutError,
)

OPENED = (200, ME)
LIMITED = json.dumps({"error": "rate_limited", "message": "too many requests"})
DOWN = (503, json.dumps({"error": "unavailable", "message": "a dependency is down"}), {"Retry-After": "0"})
MARKED = (204, "", {"X-Mayfly-Changed": "true"})


def found(message_id, code):
    """The answer to a wait."""
    message = {
        "id": message_id,
        "account_id": "01",
        "address": "ann@mayfly.test",
        "sender": "",
        "preview_text": "",
        "size": 1,
        "is_read": False,
        "created_at": "2026-11-29T09:30:00Z",
        "codes": [{"value": code, "found_in": "text", "confidence": 0.9}],
        "links": [],
        "a_key_of_a_newer_server": 1,
    }
    return 200, json.dumps({"messages": [message], "since": message_id})


def broken(handler):
    """Closes the connection without an answer."""
    handler.close_connection = True


def test_server_that_is_down_is_a_connection_error(connect):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        # Bound without listening. The scheme is completed.
        server = f"127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(ConnectError, match=f"^http://{server}: .*refused.*Start it with"):
            connect(server).open_mailbox("token")


def test_connection_that_breaks_is_a_connection_error(fake, connect):
    def half(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        handler.close_connection = True

    fake.answers = [half]
    with pytest.raises(ConnectError):
        connect(fake.url).open_mailbox("token")


def test_slow_server_is_a_time_out(fake, connect):
    ended = threading.Event()

    def silent(_):
        ended.wait()

    def slow(handler):
        # No byte is late, but all of them take 2 s.
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n")
        try:
            for _ in range(400):
                handler.wfile.write(b" ")
                ended.wait(0.005)
        except OSError:
            pass

    try:
        for answer in (silent, slow):
            fake.answers = [answer]
            with pytest.raises(RequestTimeoutError, match="no answer to GET /api/me within 0.5 s"):
                connect(fake.url, request_timeout=0.5).open_mailbox("token")
    finally:
        ended.set()


def test_rate_limit_is_honoured(fake, connect):
    fake.answers = [(429, LIMITED, {"Retry-After": "1"}), OPENED]
    started = time.monotonic()
    assert connect(fake.url).open_mailbox("token").address == "ann@mayfly.test"
    assert time.monotonic() - started >= 1


def test_rate_limit_beyond_the_time_out_is_an_error(fake, connect):
    fake.answers = [(429, LIMITED, {"Retry-After": "60"})]
    with pytest.raises(RateLimitedError, match=r"429 rate_limited: too many requests \(retry after 60 s\)") as raised:
        connect(fake.url).open_mailbox("token")
    error = raised.value
    assert (error.status, error.code, error.retry_after) == (429, "rate_limited", 60)
    assert isinstance(error, ApiError) and isinstance(error, MayflyError)
    assert len(fake.requests) == 1


@pytest.mark.parametrize("header", [{}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {"Retry-After": "-5"}])
def test_rate_limit_that_names_no_seconds_is_one_of_a_second(fake, opened, header):
    fake.answers = [(429, LIMITED, header)]
    with pytest.raises(RateLimitedError) as raised:
        opened().wait(timeout=0)
    assert raised.value.retry_after == 1


def test_unavailable_server_is_not_asked_again_before_the_time_that_it_names(fake, connect):
    fake.answers = [(503, DOWN[1], {"Retry-After": "60"})]
    with pytest.raises(UnavailableError):
        connect(fake.url).open_mailbox("token")
    assert len(fake.requests) == 1


def test_unavailable_server_is_asked_four_times_if_a_repetition_is_harmless(fake, opened):
    fake.answers = [DOWN]
    mailbox = opened()
    with pytest.raises(UnavailableError):
        mailbox.messages()
    assert fake.requests == ["GET /api/messages?page=1"] * 4
    fake.requests.clear()
    # Each call delivers a message.
    with pytest.raises(UnavailableError):
        mailbox.send_test_message()
    assert fake.requests == ["POST /api/test-message"]


def test_token_is_created_once_although_the_call_is_repeated(fake, connect):
    token = {"id": "01", "name": "ci", "token": "tm_pro_1", "created_at": "2026-11-29T09:30:00Z"}
    fake.answers = [DOWN, (201, json.dumps(token))]
    user = connect(fake.url, token="jwt")
    assert user.tokens.create("ci").token == "tm_pro_1"
    user.tokens.create("ci")
    first, repeated, another = fake.idempotency_keys
    assert first and first == repeated != another


def test_deletion_by_a_query_goes_on_until_nothing_is_left(fake, opened):
    fake.answers = [(200, '{"deleted":1000,"more":true,"next":"07"}'), (200, '{"deleted":5,"more":false,"next":null}')]
    assert opened().delete_matching("*") == 1005
    assert fake.requests == ["DELETE /api/messages?q=%2A", "DELETE /api/messages?q=%2A&cursor=07"]


def test_mailbox_that_an_unanswered_call_created_is_signed_in_to(fake, connect):
    domain = {"id": "1", "domain": "mayfly.test", "default": True, "sort_order": 0, "pro_only": False}
    fake.answers = [
        (200, json.dumps({"domains": [domain]})),
        DOWN,
        (409, json.dumps({"error": "address_taken", "message": "taken"})),
        (200, json.dumps({"id": "01", "address": "ann@mayfly.test", "token": "t"})),
    ]
    assert connect(fake.url).create_mailbox().token == "t"
    assert fake.requests == ["GET /api/domains", "POST /api/accounts", "POST /api/accounts", "POST /api/token"]
    assert len(set(fake.bodies[1:])) == 1, "the address and the password stay the same"


@pytest.mark.parametrize(
    "answer, error, text",
    [
        ((200, '{"id":'), InvalidResponseError, "the answer is not JSON: '{\"id\":'"),
        ((200, ""), InvalidResponseError, "the answer is not JSON: an empty body"),
        ((200, "<html>"), InvalidResponseError, "the answer is not JSON: '<html>'"),
        ((200, "null"), InvalidResponseError, "none of Mayfly's"),
        ((200, "[]"), InvalidResponseError, "none of Mayfly's"),
        ((200, '{"id":"1"}'), InvalidResponseError, "no 'address'"),
        ((302, "", {"Location": "https://sign-in.example/"}), InvalidResponseError, "redirects to https://sign-in.example/"),
        ((502, "<html>Bad Gateway"), ApiError, "GET /api/me: 502 '<html>Bad Gateway'"),
        ((500, "null"), ApiError, "500 'null'"),
        ((401, '{"error":"invalid_token","message":"expired"}'), ApiError, "401 invalid_token: expired"),
    ],
)
def test_answer_that_is_none_of_mayflys_is_an_error(fake, connect, answer, error, text):
    fake.answers = [answer]
    with pytest.raises(error) as raised:
        connect(fake.url).open_mailbox("token")
    assert text in str(raised.value)


@pytest.mark.parametrize(
    "body", ['{"domains":', '{"domains":null}', '{"domains":{"a":1}}', '{"domains":[null]}', "[]", "[" * 100_000]
)
def test_list_that_is_none_of_mayflys_is_an_error(fake, connect, body):
    fake.answers = [(200, body)]
    with pytest.raises(InvalidResponseError):
        connect(fake.url).create_mailbox()


@pytest.mark.parametrize(
    "body",
    [
        '{"messages":',
        "[]",
        '{"messages":[],"since":"0"}',
        '{"messages":{},"since":"0"}',
        '{"messages":[null],"since":"1"}',
        '{"messages":[{"id":"1"}],"since":"1"}',
    ],
)
def test_wait_whose_answer_is_none_of_mayflys_is_an_error(fake, opened, body):
    fake.answers = [(200, body)]
    with pytest.raises(InvalidResponseError):
        opened().code()
    assert len(fake.requests) == 1


def test_wait_on_a_server_that_is_silent_is_a_time_out(fake, opened):
    ended = threading.Event()
    fake.answers = [lambda _: ended.wait()]
    try:
        with pytest.raises(RequestTimeoutError, match="no answer to GET /api/messages/wait within 2.5 s"):
            opened(request_timeout=2).wait(timeout=0.5)
    finally:
        ended.set()


@pytest.mark.parametrize(
    "answer, error",
    [
        (broken, ConnectError),
        (DOWN, UnavailableError),
        ((429, LIMITED, {"Retry-After": "60"}), RateLimitedError),
    ],
)
def test_wait_on_a_server_that_stays_down_or_unavailable_ends(fake, opened, answer, error):
    fake.answers = [answer]
    mailbox = opened()
    with pytest.raises(error):
        mailbox.wait(timeout=1.5)


def test_wait_goes_on_when_the_server_is_restarted(fake, opened):
    fake.answers = [broken, DOWN, found("07", "482913"), MARKED]
    assert opened().code(timeout=20) == "482913"
    assert fake.requests[-1] == "PUT /api/messages/07/read"
    assert len(fake.requests) == 4


def test_message_that_another_wait_took_is_left(fake, opened):
    taken = (204, "", {"X-Mayfly-Changed": "false"})
    fake.answers = [found("01", "111111"), taken, found("02", "222222"), MARKED]
    assert opened().code() == "222222"


def test_time_out_whose_report_fails_is_still_a_time_out(fake, opened):
    fake.answers = [(204, "", {"X-Mayfly-Since": "0"}), (500, "")]
    with pytest.raises(WaitTimeoutError, match="cannot be listed") as raised:
        opened().wait(timeout=0)
    assert isinstance(raised.value, TimeoutError)
    assert isinstance(raised.value.__cause__, ApiError)


def test_time_out_shows_no_control_characters_of_a_mail(fake, opened):
    item = {**json.loads(found("01", "1")[1])["messages"][0], "from": "Shop\u202e", "subject": "\x1b[2J\x9b2J\nLunch"}
    fake.answers = [(204, "", {"X-Mayfly-Since": "0"}), (200, json.dumps({"messages": [item]}))]
    with pytest.raises(WaitTimeoutError) as raised:
        opened().wait(timeout=0)
    assert str(raised.value).split("\n")[1] == r"  '\x1b[2J\x9b2J\nLunch' from 'Shop\u202e'"


def test_server_that_asks_for_a_proof_of_work_is_named(fake, connect):
    fake.answers = [(200, '{"status":"retry","required_difficulty":18,"token":""}')]
    with pytest.raises(MayflyError, match="asks for a proof of work"):
        connect(fake.url).create_mailbox("ann@mayfly.test")


@pytest.mark.parametrize(
    "server", ["ftp://mayfly.test", "http://", "a b", "http://[::1", "127.0.0.1:port", "127.0.0.1:99999", "a\n"]
)
def test_unusable_server_is_named(server):
    with pytest.raises(MayflyError, match=re.escape(repr(server))):
        Mayfly(server)


def test_sandbox_without_a_user_is_an_error():
    with pytest.raises(MayflyError, match="set MAYFLY_TOKEN"):
        Mayfly().create_sandbox("api")
