"""Private servers for a benchmark: a durable PostgreSQL, Redis, and Postfix's smtp-sink, on loopback."""

import os
import re
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import psycopg

from tests.services.postgres import PostgresServer
from tests.services.processes import Process, accepts_connections, free_port
from tests.services.redis import RedisServer

SINK = "smtp-sink is not installed. Debian, Ubuntu: apt-get install postfix"
COUNTED = re.compile(rb"mesg=(\d+)")


class Sink:
    """Takes every message and throws it away; the fastest mail server there is."""

    def __init__(self, folder: Path) -> None:
        self.port, self.log = free_port(), folder / "sink.log"
        program = shutil.which("smtp-sink", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise SystemExit(SINK)
        as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = Process([program, *as_nobody, "-c", f"127.0.0.1:{self.port}", "1024"], self.log)
        self.process.start().until(lambda: accepts_connections(self.port), "smtp-sink")

    def taken(self) -> int:
        """How many messages it has taken since it was started."""
        with self.log.open("rb") as counters:
            end = counters.seek(0, os.SEEK_END)
            counters.seek(max(0, end - 400))
            found = COUNTED.findall(counters.read())
        return int(found[-1]) if found else 0


class Servers:
    """All three; as a context manager it ends them and removes what they wrote.

    ``migrated`` is the data folder of a PostgreSQL server whose database ``schema`` has every table; without
    it, the database is empty.
    """

    def __init__(self, migrated: Path | None = None) -> None:
        self.migrated, self.cleaning = migrated, ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as started:
            self.folder = Path(tempfile.mkdtemp(prefix="aftercare-benchmark-"))
            started.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.postgres = PostgresServer(durable=True, copied_from=self.migrated)
            started.callback(self.postgres.close)
            self.redis = RedisServer()
            started.callback(self.redis.close)
            self.sink = Sink(self.folder)
            started.callback(self.sink.process.kill)
            self.make_database("aftercare", like="schema" if self.migrated else "template1")
            self.cleaning = started.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self.cleaning.close()

    @property
    def pids(self) -> list[int]:
        """Each server's main process."""
        return [self.postgres.process.pid, self.redis.process.pid, self.sink.process.pid]

    def make_database(self, name: str, *, like: str = "template1") -> None:
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')

    def environ(self, **variables: str) -> dict[str, str]:
        """The variables of a production site on these servers, and nothing of the caller's but PATH."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": "only-for-benchmarks-0123456789-abcdefghijklmnopq",
            "ALLOWED_HOSTS": "localhost",
            "SITE_URL": "https://aftercare.example.com",
            "AFTERCARE_VAR": str(self.folder / "var"),
            "DATABASE_URL": self.postgres.url(),
            "REDIS_URL": self.redis.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.sink.port}",
            **variables,
        }
