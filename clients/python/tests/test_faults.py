"""A server that is down, slow, limited, unavailable, or none of Mayfly's."""

import asyncio
import json
import socket
import threading
import time

import pytest

from mayfly_client import (
    ApiError,
    AsyncMayfly,
    ConnectError,
    InvalidResponseError,
    Mayfly,
    MayflyError,
    RateLimitedError,
    RequestTimeoutError,
    UnavailableError,
    WaitTimeoutError,
)

ME = {"id": "01", "address": "ann@mayfly.test", "role": "user", "quota": 1, "used": 0, "created_at": "2026-11-29T09:30:00Z"}
OPENED = (200, json.dumps(ME))
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


def opened(fake, **options):
    """The mailbox of a server, and the requests after its opening."""
    fake.answers.insert(0, OPENED)
    mailbox = Mayfly(fake.url, **options).open_mailbox("token")
    fake.requests.clear()
    return mailbox


def test_server_that_is_down_is_a_connection_error():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        # Bound without listening. The scheme is completed.
        server = f"127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(ConnectError, match=f"^http://{server}: .*refused.*Start it with"):
            Mayfly(server).open_mailbox("token")


def test_connection_that_breaks_is_a_connection_error(fake):
    def half(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        handler.close_connection = True

    fake.answers = [half]
    with pytest.raises(ConnectError):
        Mayfly(fake.url).open_mailbox("token")


def test_slow_server_is_a_time_out(fake):
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
                Mayfly(fake.url, request_timeout=0.5).open_mailbox("token")
    finally:
        ended.set()


def test_rate_limit_is_honoured(fake):
    fake.answers = [(429, LIMITED, {"Retry-After": "1"}), OPENED]
    started = time.monotonic()
    assert Mayfly(fake.url).open_mailbox("token").address == "ann@mayfly.test"
    assert time.monotonic() - started >= 1


def test_rate_limit_beyond_the_time_out_is_an_error(fake):
    fake.answers = [(429, LIMITED, {"Retry-After": "60"})]
    with pytest.raises(RateLimitedError, match=r"429 rate_limited: too many requests \(retry after 60 s\)") as raised:
        Mayfly(fake.url).open_mailbox("token")
    error = raised.value
    assert (error.status, error.code, error.retry_after) == (429, "rate_limited", 60)
    assert isinstance(error, ApiError) and isinstance(error, MayflyError)
    assert len(fake.requests) == 1


def test_unavailable_server_is_asked_four_times_if_a_repetition_is_harmless(fake):
    fake.answers = [DOWN]
    mailbox = opened(fake)
    with pytest.raises(UnavailableError):
        mailbox.messages()
    assert fake.requests == ["GET /api/messages?page=1"] * 4
    fake.requests.clear()
    # Each call delivers a message.
    with pytest.raises(UnavailableError):
        mailbox.send_test_message()
    assert fake.requests == ["POST /api/test-message"]


def test_token_is_created_once_although_the_call_is_repeated(fake):
    token = {"id": "01", "name": "ci", "token": "tm_pro_1", "created_at": "2026-11-29T09:30:00Z"}
    fake.answers = [DOWN, (201, json.dumps(token))]
    user = Mayfly(fake.url, token="jwt")
    assert user.tokens.create("ci").token == "tm_pro_1"
    user.tokens.create("ci")
    first, repeated, another = fake.idempotency_keys
    assert first and first == repeated != another


def test_deletion_by_a_query_goes_on_until_nothing_is_left(fake):
    fake.answers = [(200, '{"deleted":1000,"more":true,"next":"07"}'), (200, '{"deleted":5,"more":false,"next":null}')]
    assert opened(fake).delete_matching("*") == 1005
    assert fake.requests == ["DELETE /api/messages?q=%2A", "DELETE /api/messages?q=%2A&cursor=07"]


def test_mailbox_that_an_unanswered_call_created_is_signed_in_to(fake):
    domain = {"id": "1", "domain": "mayfly.test", "default": True, "sort_order": 0, "pro_only": False}
    fake.answers = [
        (200, json.dumps({"domains": [domain]})),
        DOWN,
        (409, json.dumps({"error": "address_taken", "message": "taken"})),
        (200, json.dumps({"id": "01", "address": "ann@mayfly.test", "token": "t"})),
    ]
    assert Mayfly(fake.url).create_mailbox().token == "t"
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
def test_answer_that_is_none_of_mayflys_is_an_error(fake, answer, error, text):
    fake.answers = [answer]
    with pytest.raises(error) as raised:
        Mayfly(fake.url).open_mailbox("token")
    assert text in str(raised.value)


def test_wait_goes_on_when_the_server_is_restarted(fake):
    def broken(handler):
        handler.close_connection = True

    fake.answers = [broken, DOWN, found("07", "482913"), MARKED]
    assert opened(fake).code(timeout=20) == "482913"
    assert fake.requests[-1] == "PUT /api/messages/07/read"
    assert len(fake.requests) == 4


def test_message_that_another_wait_took_is_left(fake):
    taken = (204, "", {"X-Mayfly-Changed": "false"})
    fake.answers = [found("01", "111111"), taken, found("02", "222222"), MARKED]
    assert opened(fake).code() == "222222"


def test_time_out_whose_report_fails_is_still_a_time_out(fake):
    fake.answers = [(204, "", {"X-Mayfly-Since": "0"}), (500, "")]
    with pytest.raises(WaitTimeoutError, match="cannot be listed") as raised:
        opened(fake).wait(timeout=0)
    assert isinstance(raised.value, TimeoutError)
    assert isinstance(raised.value.__cause__, ApiError)


def test_time_out_shows_no_control_characters_of_a_mail(fake):
    item = {**json.loads(found("01", "1")[1])["messages"][0], "from": "Shop\u202e", "subject": "\x1b[2J\x9b2J\nLunch"}
    fake.answers = [(204, "", {"X-Mayfly-Since": "0"}), (200, json.dumps({"messages": [item]}))]
    with pytest.raises(WaitTimeoutError) as raised:
        opened(fake).wait(timeout=0)
    assert str(raised.value).split("\n")[1] == r"  '\x1b[2J\x9b2J\nLunch' from 'Shop\u202e'"


def test_server_that_asks_for_a_proof_of_work_is_named(fake):
    fake.answers = [(200, '{"status":"retry","required_difficulty":18,"token":""}')]
    with pytest.raises(MayflyError, match="asks for a proof of work"):
        Mayfly(fake.url).create_mailbox("ann@mayfly.test")


@pytest.mark.parametrize("server", ["ftp://mayfly.test", "http://"])
def test_unusable_server_is_named(server):
    with pytest.raises(MayflyError, match=server):
        Mayfly(server)


def test_sandbox_without_a_user_is_an_error():
    with pytest.raises(MayflyError, match="set MAYFLY_TOKEN"):
        Mayfly().create_sandbox("api")


def test_async_code_pauses_and_raises_too(fake):
    fake.answers = [OPENED, (429, LIMITED, {"Retry-After": "1"}), found("07", "482913"), MARKED, (500, "")]

    async def use():
        async with AsyncMayfly(fake.url) as mayfly:
            mailbox = await mayfly.open_mailbox("token")
            assert await mailbox.code() == "482913"
            with pytest.raises(ApiError):
                await mailbox.messages()

    asyncio.run(use())
