"""pytest fixtures: a mailbox for each test. A failed test names the files of its mail. Starts Mayfly if no server is configured."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path
from typing import Any, Callable, Dict, Generator, Iterator, List, NamedTuple, Optional
from urllib.parse import urlsplit

import mayfly_client
import pytest
from mayfly_client import Mailbox, Mayfly, MayflyError, Messages, SandboxWithPassword

from ._process import Process, find_binary, read_banner

__all__ = ["MayflyServer"]

MAX_SAVED = 20
"""How many messages of a mailbox are saved for a failed test, the newest first."""
DEFAULT_SMTP_PORT = 2525
LIBRARY = Path(mayfly_client.__file__).parent
INBOXES = pytest.StashKey[List[Messages]]()
PROCESS = pytest.StashKey[Process]()


class MayflyServer(NamedTuple):
    """The server that tests use."""

    url: str
    """The URL of the HTTP API."""
    smtp_host: str
    smtp_port: int
    token: Optional[str]
    """The API token of a Pro user, if there is one."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mayfly")
    group.addoption("--mayfly-server", metavar="URL", help="the server; by default MAYFLY_SERVER, else one is started")
    group.addoption("--mayfly-smtp", metavar="HOST:PORT", help="its SMTP listener; by default MAYFLY_SMTP, else port 2525 of its host")
    group.addoption("--mayfly-binary", metavar="PATH", help="the program to start; by default MAYFLY_BINARY, else mayfly of the PATH")
    group.addoption("--mayfly-artifacts", metavar="DIR", help="where mail of failed tests is saved; by default pytest's temporary directory")


def _server_of(config: pytest.Config) -> Optional[str]:
    return config.getoption("--mayfly-server") or os.environ.get("MAYFLY_SERVER") or None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """All workers of pytest-xdist share one process, which the first of them starts. None of them waits for it here."""
    config: pytest.Config = node.config
    binary = find_binary(config.getoption("--mayfly-binary"))
    if _server_of(config) is not None or binary is None:
        return
    # It exists before the first worker starts.
    directory: Path = config._tmp_path_factory.getbasetemp() / "mayfly-server"  # type: ignore[attr-defined]
    if PROCESS not in config.stash:
        try:
            config.stash[PROCESS] = Process(binary, directory)
        except MayflyError:
            # A worker that needs the server says why there is none.
            return
    node.workerinput["mayfly_directory"] = str(directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    process = config.stash.get(PROCESS, None)
    if process is not None:
        process.stop()


@pytest.fixture(scope="session")
def mayfly_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MayflyServer:
    """The server that tests use. It is started if none is configured, and ends with the run."""
    config = request.config
    token = os.environ.get("MAYFLY_TOKEN", "")
    server = _server_of(config)
    if server is not None:
        smtp = config.getoption("--mayfly-smtp") or os.environ.get("MAYFLY_SMTP")
        # The scheme can be missing.
        host = urlsplit(f"//{server.split('://')[-1]}").hostname
        return _server(server, smtp or f"{host}:{DEFAULT_SMTP_PORT}", token if token.startswith("tm_pro_") else None)
    shared = getattr(config, "workerinput", {}).get("mayfly_directory")
    if shared is not None:
        directory = Path(shared)
    else:
        binary = find_binary(config.getoption("--mayfly-binary"))
        if binary is None:
            pytest.fail(
                "no Mayfly: set MAYFLY_SERVER to the URL of one, or install the program `mayfly` (or set MAYFLY_BINARY to its path)",
                pytrace=False,
            )
        directory = tmp_path_factory.mktemp("mayfly-server")
        config.stash[PROCESS] = Process(binary, directory)
    addresses = read_banner(directory)
    return _server(addresses["HTTP"], addresses["SMTP"], None)


def _server(url: str, smtp: str, token: Optional[str]) -> MayflyServer:
    host, _, port = smtp.rpartition(":")
    return MayflyServer(url, host.strip("[]"), int(port), token)


@pytest.fixture(scope="session")
def mayfly(mayfly_server: MayflyServer) -> Iterator[Mayfly]:
    """The client of the server."""
    with Mayfly(mayfly_server.url, token=mayfly_server.token) as client:
        yield client


@pytest.fixture
def create_mailbox(mayfly: Mayfly, request: pytest.FixtureRequest) -> Iterator[Callable[..., Mailbox]]:
    """Creates further mailboxes for this test. They are deleted after it."""
    mailboxes: List[Mailbox] = []

    def create(address: Optional[str] = None, password: Optional[str] = None) -> Mailbox:
        mailbox = mayfly.create_mailbox(address, password)
        mailboxes.append(mailbox)
        request.node.stash.setdefault(INBOXES, []).append(mailbox)
        return mailbox

    yield create
    for mailbox in mailboxes:
        _clean_up(mailbox)


@pytest.fixture
def mailbox(create_mailbox: Callable[..., Mailbox]) -> Mailbox:
    """A mailbox for this test alone. It is deleted after the test."""
    return create_mailbox()


@pytest.fixture(scope="session")
def mayfly_user(mayfly_server: MayflyServer) -> Iterator[Mayfly]:
    """The client of a Pro user: the one of MAYFLY_TOKEN, else a new one."""
    token = mayfly_server.token or _register(mayfly_server.url)
    with Mayfly(mayfly_server.url, token=token) as client:
        yield client


@pytest.fixture
def mayfly_sandbox(
    mayfly_user: Mayfly,
    mayfly_server: MayflyServer,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[SandboxWithPassword]:
    """A sandbox for this test alone. SMTP_URL, SMTP_HOST, SMTP_PORT, SMTP_USERNAME and SMTP_PASSWORD are set to its login."""
    sandbox = mayfly_user.create_sandbox(re.sub(r"\W+", "-", request.node.name)[:100])
    request.node.stash.setdefault(INBOXES, []).append(sandbox)
    host, port = mayfly_server.smtp_host, mayfly_server.smtp_port
    # The name that the server is configured with may be that of another machine.
    url = f"smtp://{sandbox.username}:{sandbox.password}@{host}:{port}"
    env: Dict[str, str] = {**sandbox.env(), "SMTP_HOST": host, "SMTP_PORT": str(port), "SMTP_URL": url}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    yield sandbox
    _clean_up(sandbox)


def _clean_up(inbox: Any) -> None:
    try:
        inbox.delete()
    except MayflyError:
        # The test has its result, and mailboxes expire: a server that is gone now must not hide it.
        pass


def _register(url: str) -> str:
    """The JWT of a new Pro user."""
    try:
        with Mayfly(url) as client:
            return client.register(f"pytest-{uuid.uuid4()}@example.com", str(uuid.uuid4()))
    except MayflyError as error:
        raise MayflyError(f"{error}; no Pro user can be registered: set MAYFLY_TOKEN to an API token") from error


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Saves the mail of a failed test, before its mailboxes are deleted, and names the files in its report."""
    if call.excinfo is not None and not item.config.getoption("fulltrace"):
        _shorten(call.excinfo)
    outcome = yield
    report = outcome.get_result()
    inboxes = item.stash.get(INBOXES, [])
    if report.failed and report.when != "teardown" and inboxes:
        report.sections.append(("mail of this test", "\n".join(_save(item, inboxes))))


def _shorten(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Leaves the lines of the test: an error of the library says what happened, and its causes are a hundred lines."""
    if isinstance(excinfo.value, MayflyError):
        last = excinfo.tb
        while last.tb_next is not None and LIBRARY not in Path(last.tb_next.tb_frame.f_code.co_filename).parents:
            last = last.tb_next
        last.tb_next = None
        excinfo.value.__cause__ = None
        excinfo.value.__suppress_context__ = True


def _save(item: pytest.Item, inboxes: List[Messages]) -> Iterator[str]:
    option = item.config.getoption("--mayfly-artifacts")
    root = Path(option) if option else item.config._tmp_path_factory.getbasetemp() / "mayfly"  # type: ignore[attr-defined]
    directory = root / re.sub(r"[^\w.\-]+", "-", item.nodeid)[-150:].strip("-")
    number = 0
    for inbox in inboxes:
        label = inbox.address if isinstance(inbox, Mailbox) else getattr(inbox, "name", "")
        try:
            messages = inbox.messages()[:MAX_SAVED]
            if not messages:
                yield f"{label}: no mail arrived"
            for message in messages:
                number += 1
                directory.mkdir(parents=True, exist_ok=True)
                file = directory / f"{number}.eml"
                file.write_bytes(inbox.source(message.id))
                yield f"{label}: {message.subject!r} from {message.from_ or message.sender!r}: {file}"
        except MayflyError as error:
            yield f"{label}: the mail cannot be saved: {error}"
