"""Child processes that live and die with the process that started them."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

GRACE_SECONDS = 8
LOOK_EVERY_SECONDS = 0.2
LAST_LINES = 15

PR_SET_PDEATHSIG = 1  # linux/prctl.h
libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Asks Linux to end this process when its parent is gone, even by SIGKILL; elsewhere nothing can."""
    if libc is not None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """A process in a group of its own, so that Ctrl-C in the terminal reaches its parent only."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, name: str, command: Sequence[str], logs: Path) -> Self:
        """Starts the command; what it prints goes to a new ``<name>.log`` in the folder; the last
        one is kept as ``<name>.log.1``."""
        logs.mkdir(parents=True, exist_ok=True)
        log = logs / f"{name}.log"
        if log.exists():  # it may tell why the last one ended
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 (our own commands)
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        return cls(name, process, log)

    def alive(self) -> bool:
        return self.process.poll() is None

    def signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def obituary(self) -> str:
        """How it ended, and the last lines of its log."""
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        heading = (
            f"The {self.name} process ended by itself (exit code {self.process.returncode}). {self.log} ends:"
        )
        return "\n".join([heading, *(f"  {line}" for line in lines)])


def wait_until(
    happened: Callable[[], bool], children: Iterable[Child], seconds: float = float("inf")
) -> bool:
    """Whether it happened in time and while every child lived."""
    deadline = time.monotonic() + seconds
    while all(child.alive() for child in children) and time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(LOOK_EVERY_SECONDS)
    return False


def stop_all(children: Iterable[Child]) -> None:
    """Asks every group to end, and ends by force what is left after ``GRACE_SECONDS``."""
    for child in children:
        child.signal_group(signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(child.alive() for child in children) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_SECONDS)
    for child in children:
        child.signal_group(signal.SIGKILL)
        child.process.wait()
