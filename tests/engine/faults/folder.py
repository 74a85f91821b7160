"""The folder that mail goes to in the embedded set-up, as a sink; and the disk beneath it."""

import resource
import sqlite3
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.engine.faults.series import Run, Sink, Tally
from tests.services.deployment import Deployment
from tests.services.processes import ROOT

EVERYTHING = resource.RLIM_INFINITY


class MailFolder:
    delay_seconds = 0.0

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def copies(self) -> Counter[str]:
        return Counter(file.name for file in self.path.glob("*.eml"))


def room(processes, size: int = EVERYTHING) -> None:
    """Lets no file of these processes and their children grow beyond so many bytes, as on a full disk."""
    for process in processes:
        parent = psutil.Process(process.pid)
        for each in (parent, *parent.children(recursive=True)):
            each.rlimit(psutil.RLIMIT_FSIZE, (size, EVERYTHING))


class EmbeddedRun(Run):
    """A run on the SQLite database of a deployment, which only its own processes open through Django."""

    def __init__(self, deployment: Deployment, tally: Tally, number: int, sink: Sink) -> None:
        super().__init__(tally, number, sink)
        self.deployment = deployment

    def due(self, count: int, **step: Any) -> list[Any]:
        seed = [sys.executable, "-m", "tests.engine.seed", str(count)]
        environ = self.deployment.environ
        printed = subprocess.run(seed, cwd=ROOT, env=environ, check=True, capture_output=True, text=True)
        self.ids += printed.stdout.split()
        return []

    def statuses(self) -> dict[str, str]:
        with self.connected() as database:
            found = database.execute("SELECT id, status FROM outbox_scheduledmessage").fetchall()
        known = {str(uuid.UUID(pk)): status for pk, status in found}
        return {pk: known[pk] for pk in self.ids}

    def hurry(self) -> None:
        with self.connected() as database:
            database.execute("UPDATE outbox_scheduledmessage SET due_at = send_at WHERE status = 'scheduled'")
            database.execute("UPDATE outbox_channelrest SET until = since")

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        file = self.deployment.folder / "aftercare.sqlite3"
        with closing(sqlite3.connect(file, timeout=20)) as database, database:
            yield database
