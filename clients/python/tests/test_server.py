"""A real server."""

import asyncio
import os
import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from mayfly_client import ApiError, AsyncMayfly, Mayfly, MayflyError, WaitTimeoutError


def test_code_and_link_are_taken_from_matching_mail_each_once(mayfly, send):
    mailbox = mayfly.create_mailbox()
    send(mailbox.address, "Lunch", "At noon? https://shop.example/menu")
    send(mailbox.address, "482913 is your code", "Confirm: https://shop.example/verify/1")
    code = mailbox.code(from_="SHOP@", subject=re.compile(r"^\d+ IS", re.IGNORECASE), length="4-8", pattern=r"\d{6}")
    assert code == "482913"
    # That message is read, and the link of the other one is to nothing that is verified.
    with pytest.raises(WaitTimeoutError):
        mailbox.link("verify", timeout=0)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(mailbox.link)
        send(mailbox.address, "Reset your password", "Here: https://shop.example/password/reset?t=1")
        assert waiting.result() == "https://shop.example/password/reset?t=1"
    # The mail that did not match is still unread.
    message = mailbox.wait()
    assert (message.subject, message.from_) == ("Lunch", "A Shop <shop@example.com>")
    assert message.text_body.strip() == "At noon? https://shop.example/menu"
    # After a cursor, messages that are read count too.
    assert mailbox.wait(since=message.id).subject == "482913 is your code"


def test_time_out_lists_what_arrived(mayfly, send):
    mailbox = mayfly.create_mailbox()
    with pytest.raises(WaitTimeoutError) as raised:
        mailbox.wait(timeout=0)
    assert str(raised.value) == f"no message for {mailbox.address} within 0 s: no mail arrived"
    send(mailbox.address, "Lunch", "At noon?")
    with pytest.raises(WaitTimeoutError) as raised:
        mailbox.code(from_="bank.example", timeout=0.3)
    head, line = str(raised.value).split("\n")
    wanted = f'no message with a code from="bank.example" for {mailbox.address} within 0.3 s'
    assert head == f"{wanted}: what arrived did not match:"
    assert line == "  'Lunch' from 'A Shop <shop@example.com>'"
    assert [item.from_ for item in raised.value.arrived] == ["A Shop <shop@example.com>"]


def test_messages_are_listed_read_downloaded_and_deleted(mayfly):
    mailbox = mayfly.create_mailbox()
    assert mailbox.info().used == 0
    message_id = mailbox.send_test_message()
    (item,) = mailbox.messages()
    assert (item.id, item.is_read) == (message_id, False)
    mailbox.mark_read(message_id)
    message = mailbox.message(message_id)
    assert message.is_read and message.created_at.tzinfo and ("Subject", "Test message") in message.headers
    assert b"\r\nSubject: Test message\r\n" in mailbox.source(message_id)
    with pytest.raises(ApiError, match="invalid_index"):
        mailbox.attachment(message_id, 0)
    mailbox.delete_message(message_id)
    assert mailbox.messages() == []
    with pytest.raises(MayflyError, match="the id is empty"):
        mailbox.message("")
    with pytest.raises(ApiError, match="404"):
        mailbox.message("../me")


def test_mailbox_is_signed_in_to_opened_and_deleted(mayfly):
    mailbox = mayfly.create_mailbox()
    assert mayfly.create_mailbox(mailbox.address, mailbox.password).id == mailbox.id
    assert mayfly.open_mailbox(mailbox.token).address == mailbox.address
    with pytest.raises(ApiError, match="address_taken"):
        mayfly.create_mailbox(mailbox.address)
    mailbox.delete()
    with pytest.raises(ApiError, match="invalid_token"):
        mailbox.info()


def test_sandbox_captures_mail_to_any_address_apart_from_others(server, mayfly, send):
    with Mayfly(server, token=mayfly.register(f"{uuid.uuid4()}@example.com", "correct horse")) as user:
        assert user.create_mailbox().info().role == "pro"
        sandbox, other = user.create_sandbox("api"), user.create_sandbox("other", retention="1h")
        assert sandbox.env()["SMTP_URL"].startswith(f"smtp://{sandbox.username}:")
        for one, subject in ((other, "111111 is your code"), (sandbox, "222222 is your code")):
            send("ann@customer.example", subject, "x", (one.username, one.password))
        assert sandbox.code(to="ann@customer.example") == "222222"
        with pytest.raises(WaitTimeoutError, match="for the sandbox 'api' within 0 s: .*\n.*222222.* read already"):
            sandbox.wait(timeout=0)
        assert other.wait().recipients == ["ann@customer.example"]
        sandbox.delete()
        other.delete()


def test_parallel_mailboxes_get_their_own_mail_only(server, send):
    async def use(mayfly, index):
        mailbox = await mayfly.create_mailbox()
        code = str(100_000 + index * 7)
        waiting = asyncio.ensure_future(mailbox.code())
        await asyncio.get_running_loop().run_in_executor(None, send, mailbox.address, f"{code} is your code", "x")
        assert await waiting == code
        assert len(await mailbox.messages()) == 1

    async def use_all():
        async with AsyncMayfly(server) as mayfly:
            await asyncio.gather(*(use(mayfly, index) for index in range(20)))

    asyncio.run(use_all())


def test_environment_names_the_server_and_a_user_but_no_mailbox(server, monkeypatch):
    monkeypatch.setenv("MAYFLY_TOKEN", "eyJ.token.of-a-mailbox")
    with Mayfly() as mayfly:
        assert mayfly.server == os.environ["MAYFLY_SERVER"]
        assert mayfly.create_mailbox().info().role == "user"
    monkeypatch.setenv("MAYFLY_TOKEN", "tm_pro_wrong")
    with Mayfly() as mayfly, pytest.raises(ApiError, match="invalid_token"):
        mayfly.create_mailbox()
