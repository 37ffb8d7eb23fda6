"""A Mayfly for the time of a test run."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Dict, Optional

from mayfly_client import MayflyError

START_TIMEOUT = 60.0
"""Seconds. The first start creates keys and databases."""
STOP_TIMEOUT = 10.0
"""Seconds."""
POLL = 0.02
"""Seconds."""
LAST_ADDRESS = "domain"
"""The last one in what the program prints at its start."""
BANNER, LOG, ENDED = "banner", "log", "ended"
"""Files in the directory of the process."""


class Process:
    """A process in a directory of its own, on free ports of this machine.

    :raises MayflyError: if the program cannot be run
    """

    def __init__(self, binary: str, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        settings = {
            "MAYFLY_DATA_DIR": str(directory / "data"),
            "MAYFLY_GATEWAY__LISTEN": "127.0.0.1:0",
            "MAYFLY_SMTP__LISTEN": "127.0.0.1:0",
            "MAYFLY_ADMIN__LISTEN": "127.0.0.1:0",
            "MAYFLY_GATEWAY__RATE_LIMIT": "0",
        }
        # Settings of another server, such as its databases, are not for this one.
        env = {name: value for name, value in os.environ.items() if not name.startswith("MAYFLY_")}
        try:
            with (directory / BANNER).open("wb") as stdout, (directory / LOG).open("wb") as stderr:
                self.child = subprocess.Popen(
                    [binary], env={**env, **settings}, cwd=directory, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
                )
        except OSError as error:
            raise MayflyError(f"{binary}: {error.strerror}") from error
        # For workers of pytest-xdist, which cannot ask for the state of a process that is not their child.
        threading.Thread(target=self._report_end, args=(directory / ENDED,), daemon=True).start()

    def stop(self) -> None:
        """Ends the process."""
        self.child.terminate()
        try:
            self.child.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def _report_end(self, file: Path) -> None:
        file.write_text(str(self.child.wait()))


def find_binary(option: Optional[str]) -> Optional[str]:
    """The path of the program."""
    return option or os.environ.get("MAYFLY_BINARY") or shutil.which("mayfly")


def read_banner(directory: Path) -> Dict[str, str]:
    """Waits until the process in a directory is ready; returns its addresses by name: HTTP, SMTP."""
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        is_over = (directory / ENDED).exists() or time.monotonic() > deadline
        text = (directory / BANNER).read_text()
        lines = (line.split(None, 1) for line in text.splitlines() if line.startswith("  "))
        addresses = {words[0]: words[1] for words in lines if len(words) == 2}
        if LAST_ADDRESS in addresses:
            return addresses
        if is_over:
            raise MayflyError(f"Mayfly did not start: {(directory / LOG).read_text(errors='replace')}")
        time.sleep(POLL)
