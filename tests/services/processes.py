"""Real processes for tests: started on loopback, waited for, and ended by their own id."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from config.children import die_with_parent

ROOT = Path(__file__).resolve().parents[2]


START_SECONDS = 90
"""How long a process may take to get ready, on two cores that start a dozen others."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(happened: Callable[[], Any], what: str, *, seconds: float = 30) -> Any:
    """The first true value of ``happened()``; fails the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := happened():
            return value
        time.sleep(0.1)  # asked more often, the questions take a tenth of the cores
    pytest.fail(f"waited {seconds} s in vain: {what}")


@dataclass
class Process:
    """A process in a group of its own, with what it prints in ``log``."""

    command: Sequence[str]
    log: Path
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    user: str | None = None
    running: subprocess.Popen | None = None

    def start(self) -> "Process":
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                self.command,
                cwd=self.log.parent if self.user else ROOT,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
                user=self.user,
            )
        return self

    @property
    def pid(self) -> int:
        assert self.running is not None, "not started"
        return self.running.pid

    def wait(self, *, seconds: float = 30) -> int:
        """The exit code, once it ends by itself."""
        assert self.running is not None, "not started"
        return self.running.wait(timeout=seconds)

    def alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def until(self, ready: Callable[[], Any], what: str, *, seconds: float = START_SECONDS) -> "Process":
        """Waits until ready; fails the test with the log's end when the process ends first or never is."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive() or time.monotonic() > deadline:
                pytest.fail(f"{what} did not get ready:\n{self.printed()[-3000:]}")
            time.sleep(0.05)
        return self

    def until_printed(self, text: str, *, seconds: float = START_SECONDS) -> "Process":
        return self.until(
            lambda: text in self.printed(), f"{' '.join(self.command)} (no {text!r})", seconds=seconds
        )

    def send(self, number: signal.Signals) -> None:
        """Signals the process alone."""
        os.kill(self.pid, number)

    def signal_group(self, number: signal.Signals) -> None:
        """Signals the process and everything it started."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def kill(self) -> None:
        """kill -9, for it and everything it started."""
        self.signal_group(signal.SIGKILL)
        if self.running:
            self.running.wait(timeout=10)

    def stop(self, number: signal.Signals = signal.SIGTERM, *, seconds: float = 15) -> int:
        """Asks it to end; the exit code, or that of SIGKILL when it would not."""
        if self.running is None:
            return 0
        if self.alive():
            self.send(number)
        try:
            self.running.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.signal_group(signal.SIGCONT)
        self.kill()
        return self.running.returncode
