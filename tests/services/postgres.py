"""A private PostgreSQL server, from Debian's binaries, on a free port of the loopback address."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.services.clocks import moved_clock
from tests.services.processes import Process, accepts_connections, free_port

INSTALL = "PostgreSQL's server is not installed. Debian, Ubuntu: apt-get install postgresql"
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 64MB
"""
DURABLE = "fsync = on\nfull_page_writes = on\n"
NOT_DURABLE = "fsync = off\nfull_page_writes = off\n"


def binary(name: str) -> str:
    """The newest installed version's program; fails the test, saying what to install, when there is none."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4].split(".")[0])
    )
    found = str(versions[-1]) if versions else shutil.which(name)
    return found or pytest.fail(INSTALL)


def unprivileged_user() -> str | None:
    """Whom to run the server as: it refuses root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


class PostgresServer:
    """``durable=False`` trades safety on a power cut for speed; a killed server loses nothing either way.

    ``copied_from`` is the data folder of another one that was stopped; without it, the server is new.
    """

    def __init__(self, *, durable: bool = False, copied_from: Path | None = None) -> None:
        self.user, self.port = unprivileged_user(), free_port()
        # Not in pytest's own temporary folder, which no other user may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="aftercare-postgres-"))
        self.data, self.clock = self.folder / "data", self.folder / "clock"
        if self.user:
            shutil.chown(self.folder, self.user)
        if copied_from:
            self.copy(copied_from)
        else:
            self.initialise()
        self.configure(DURABLE if durable else NOT_DURABLE)
        command = [binary("postgres"), "-D", str(self.data), "-p", str(self.port)]
        self.process = Process(command, self.folder / "server.log", user=self.user)
        self.start()

    def initialise(self) -> None:
        options = ["--username=aftercare", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        command = [binary("initdb"), "--pgdata", str(self.data), *options]
        subprocess.run(command, user=self.user, cwd=self.folder, check=True, capture_output=True)
        self.configure(SETTINGS)

    def configure(self, lines: str) -> None:
        """Of two lines for one setting the later one counts."""
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(lines)

    def copy(self, folder: Path) -> None:
        shutil.copytree(folder, self.data)
        if self.user:
            for path in [self.data, *self.data.rglob("*")]:
                shutil.chown(path, self.user)

    def url(self, database: str = "aftercare") -> str:
        return f"postgres://aftercare@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        self.process.start().until(self.ready, "PostgreSQL")

    def ready(self) -> bool:
        asked = [binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return accepts_connections(self.port) and subprocess.run(asked, check=False).returncode == 0

    def restart(self, **variables: str) -> None:
        """Cuts every connection and comes back with the same data, in this environment for once."""
        self.process.stop(signal.SIGINT)
        self.process.environ = os.environ | variables
        self.start()

    def restart_with_clock(self) -> None:
        """Restarts with a clock that :meth:`set_clock` moves, until the next restart."""
        self.set_clock(0)
        self.restart(**moved_clock(self.clock))

    def set_clock(self, seconds: int) -> None:
        """So much ahead of the machine's clock, at once and for every connection."""
        draft = self.clock.with_suffix(".part")
        draft.write_text(f"{seconds:+d}\n")
        draft.chmod(0o644)
        draft.replace(self.clock)

    def crash(self) -> None:
        """Stops at once without a checkpoint, as kill -9 would, but leaves no shared memory behind."""
        self.process.stop(signal.SIGQUIT)

    def close(self) -> None:
        self.process.stop(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)
