"""Mayfly in a container, for a test run."""

import pytest
from mayfly_client import Mayfly
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

HTTP_PORT = 8080
SMTP_PORT = 2525


@pytest.fixture(scope="session")
def container():
    """A container; `make up` of Mayfly's repository builds the image."""
    container = DockerContainer("mayfly:local").with_exposed_ports(HTTP_PORT, SMTP_PORT)
    # Tests are no programs of the container's machine, which would have no limit.
    container.with_env("MAYFLY_GATEWAY__RATE_LIMIT", "0")
    container.waiting_for(HttpWaitStrategy(HTTP_PORT, "/api/domains"))
    with container:
        yield container


@pytest.fixture(scope="session")
def smtp(container):
    """Where the application sends its mail."""
    return container.get_container_host_ip(), int(container.get_exposed_port(SMTP_PORT))


@pytest.fixture
def mailbox(container):
    with Mayfly(f"http://{container.get_container_host_ip()}:{container.get_exposed_port(HTTP_PORT)}") as mayfly:
        mailbox = mayfly.create_mailbox()
        yield mailbox
        mailbox.delete()
