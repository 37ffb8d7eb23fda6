"""The plugin, in test runs of their own."""

import os
import re
import sys

import pytest

SEND = """
import smtplib
def send(server, to, subject, login=None):
    with smtplib.SMTP(server.smtp_host, server.smtp_port) as smtp:
        if login:
            smtp.login(*login)
        smtp.sendmail("shop@example.com", [to], f"Subject: {subject}\\r\\n\\r\\nx\\r\\n")
"""


@pytest.fixture(autouse=True)
def sender(pytester):
    """A module that sends mail."""
    pytester.makepyfile(sender=SEND)


def test_each_test_has_a_mailbox_of_its_own(pytester):
    pytester.makepyfile(
        """
        from sender import send

        def test_two(mailbox, create_mailbox, mayfly_server):
            other = create_mailbox()
            send(mayfly_server, other.address, "222222 is your code")
            send(mayfly_server, mailbox.address, "111111 is your code")
            assert (mailbox.code(from_="shop@"), other.code()) == ("111111", "222222")

        def test_that_fails(mailbox):
            print("token", mailbox.token)
            assert False
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*mail of this test*", "*@mayfly.test: no mail arrived"])
    token = re.search("token (.*)", result.stdout.str())[1]
    # The mailbox is deleted after a failed test too.
    pytester.makepyfile(
        f"""
        import pytest
        from mayfly_client import ApiError

        def test_void(mayfly):
            with pytest.raises(ApiError, match="invalid_token"):
                mayfly.open_mailbox("{token}")
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_failed_test_names_the_files_of_its_mail(pytester):
    pytester.makepyfile(
        """
        def test_code(mailbox):
            mailbox.send_test_message()
            mailbox.code(from_="bank.example", timeout=0)
        """
    )
    for options in ([], ["--mayfly-artifacts=saved"]):
        result = run(pytester, *options)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                "*WaitTimeoutError: no message with a code from=\"bank.example\" for *",
                "*'Test message' from 'Mayfly <no-reply@mayfly.test>'",
                "*mail of this test*",
            ]
        )
        # The line of the test is the last one of the traceback.
        assert "mayfly_client/" not in result.stdout.str()
        file = re.search("'Test message' from 'Mayfly <no-reply@mayfly.test>': (.*eml)", result.stdout.str())[1]
        assert file.startswith("saved/") == bool(options)
        assert b"\r\nSubject: Test message\r\n" in (pytester.path / file).read_bytes()


def test_sandbox_sets_the_variables_of_an_application(pytester):
    pytester.makepyfile(
        """
        import os
        from sender import send

        def test_application(mayfly_sandbox, mayfly_server):
            login = (os.environ["SMTP_USERNAME"], os.environ["SMTP_PASSWORD"])
            assert os.environ["SMTP_URL"] == f"smtp://{login[0]}:{login[1]}@{os.environ['SMTP_HOST']}:{os.environ['SMTP_PORT']}"
            send(mayfly_server, "ann@customer.example", "482913 is your code", login)
            assert mayfly_sandbox.code(to="ann@customer.example") == "482913"
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_server_is_started_if_none_is_configured(pytester, monkeypatch):
    monkeypatch.delenv("MAYFLY_SERVER")
    pytester.makepyfile(
        """
        from sender import send

        def test_code(mailbox, mayfly_server):
            send(mayfly_server, mailbox.address, "482913 is your code")
            assert mailbox.code() == "482913"

        def test_pid(mayfly_server, request):
            from pytest_mayfly import PROCESS
            print("pid", request.config.stash[PROCESS].child.pid)
        """
    )
    result = run(pytester, "-s")
    result.assert_outcomes(passed=2)
    pid = int(re.search(r"pid (\d+)", result.stdout.str())[1])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_parallel_workers_share_a_server_without_cross_talk(pytester, monkeypatch):
    monkeypatch.delenv("MAYFLY_SERVER")
    pytester.makepyfile(
        """
        import pytest
        from sender import send

        @pytest.mark.parametrize("number", range(24))
        def test_code(mailbox, mayfly_server, number):
            code = str(100_000 + number * 7)
            send(mayfly_server, mailbox.address, f"{code} is your code")
            assert mailbox.code() == code
            assert len(mailbox.messages()) == 1
            print("server", mayfly_server.url)
        """
    )
    result = run(pytester, "-n4", "-rP")
    result.assert_outcomes(passed=24)
    assert len(set(re.findall("server (.*)", result.stdout.str()))) == 1


def test_server_that_is_missing_or_down_is_named(pytester, monkeypatch):
    pytester.makepyfile("def test_code(mailbox): pass")
    result = run(pytester, "--mayfly-server=http://127.0.0.1:1")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ConnectError: http://127.0.0.1:1: *refused*"])
    # The causes are a hundred lines of other libraries.
    assert "httpx" not in result.stdout.str()
    assert "httpx" in run(pytester, "--mayfly-server=http://127.0.0.1:1", "--full-trace").stdout.str()
    monkeypatch.delenv("MAYFLY_SERVER")
    result = run(pytester, f"--mayfly-binary={sys.executable}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*Mayfly did not start: *"])
    monkeypatch.delenv("MAYFLY_BINARY")
    monkeypatch.setenv("PATH", "")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["no Mayfly: set MAYFLY_SERVER *"])


def test_smtp_listener_is_that_of_the_configured_host(pytester, monkeypatch):
    monkeypatch.delenv("MAYFLY_SMTP")
    pytester.makepyfile("def test_print(mayfly_server): print(mayfly_server)")
    for options, host, port in (
        (["--mayfly-server=mayfly:8080"], "mayfly", 2525),
        (["--mayfly-server=http://[::1]:8080/"], "::1", 2525),
        (["--mayfly-server=http://mayfly", "--mayfly-smtp=[::1]:25"], "::1", 25),
    ):
        result = run(pytester, "-s", *options)
        assert f"smtp_host='{host}', smtp_port={port}" in result.stdout.str()


def test_run_without_the_fixtures_starts_nothing(pytester, monkeypatch):
    monkeypatch.delenv("MAYFLY_SERVER")
    pytester.makepyfile("def test_nothing(): pass")
    run(pytester, f"--mayfly-binary={pytester.path}/missing").assert_outcomes(passed=1)


def run(pytester, *options):
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)
