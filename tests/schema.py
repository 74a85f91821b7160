"""A database with every table and no rows of ours, migrated once and copied for each run that follows.

It is kept beside pytest's own cache, under a name that changes with the migrations, the models' permissions
and the locked packages. A run still migrates its copy, so what was added since is applied. ``make clean``
removes it.
"""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import django
import psycopg
from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.operations import DatabaseOperations

from aftercare.clinics.history_triggers import triggers
from tests.services.postgres import PostgresServer, binary
from tests.services.processes import ROOT

KEPT = ROOT / ".pytest_cache" / "schema"
NAME = "schema"  # of the migrated database in a copy of PostgreSQL's folder


def fingerprint() -> str:
    """Of all that decides what the tables and the rows of Django's own are."""
    taken = sha256(f"{sys.version} {django.get_version()}".encode())
    sources = (path for app in apps.get_app_configs() for path in Path(app.path).glob("migrations/*.py"))
    for path in sorted([*sources, ROOT / "requirements/dev.txt"]):
        taken.update(f"{path} ".encode() + path.read_bytes())
    for model in apps.get_models():
        meta = model._meta
        taken.update(f"{meta.label} {meta.default_permissions} {meta.permissions}".encode())
    return taken.hexdigest()[:16]


@contextmanager
def alone() -> Iterator[None]:
    """Of several runs that want a schema at once, one makes it, and the others wait for it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def kept(kind: str, make: Callable[[Path], None]) -> Path:
    """The file or folder that ``make`` fills, from an earlier run where there is one. Call it ``alone``."""
    wanted = KEPT / f"{kind}-{fingerprint()}"
    draft = KEPT / f"draft-{os.getpid()}"  # what a killed run left, or writes still, is another
    if not wanted.exists():
        for stale in [*KEPT.glob("draft*"), *KEPT.glob(f"{kind.partition('-')[0]}-*")]:
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink(missing_ok=True)
        make(draft)
        draft.rename(wanted)
    return wanted


def migrate(url: str) -> None:
    """In a process of its own: coverage would slow it down, and this one's connections stay as they are."""
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "TEST_DATABASE_URL": url}
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env=environ, check=True)


def make_sqlite(draft: Path) -> None:
    migrate(f"sqlite:///{draft}")


def put_sqlite(file: Path) -> None:
    """A migrated database of its own, for a site that keeps its data in the file's folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with alone():
        shutil.copyfile(kept("sqlite", make_sqlite), file)


def make_postgres(draft: Path) -> None:
    server = PostgresServer()
    try:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {NAME}")
        migrate(server.url(NAME))
        server.process.stop()
        shutil.copytree(server.data, draft)
    finally:
        server.close()


def migrated_postgres() -> PostgresServer:
    """A server of one's own, with the migrated database ``NAME`` to make others from."""
    with alone():
        return PostgresServer(copied_from=kept_postgres())


def kept_postgres() -> Path:
    """The data folder of a server that was stopped. Call it :func:`alone`."""
    told = subprocess.run([binary("postgres"), "--version"], check=True, capture_output=True, text=True)
    return kept(f"postgres-{told.stdout.split()[2]}", make_postgres)


def fill_on_creation(connection: BaseDatabaseWrapper) -> None:
    """An SQLite test database has every table from the moment it is made."""
    creation: Any = connection.creation
    create = creation._create_test_db

    def create_filled(*args, **kwargs) -> str:
        name = create(*args, **kwargs)
        with alone(), closing(sqlite3.connect(kept("sqlite", make_sqlite))) as source:
            creation.copy = sqlite3.connect(name, uri=True)  # in memory, it is gone when nobody holds it
            source.backup(creation.copy)
        return name

    creation._create_test_db = create_filled


def flush_history_too() -> None:
    """SQLite empties tables row by row, which history refuses: its triggers go first, and come back."""
    operations: Any = DatabaseOperations
    flush = operations.sql_flush

    def sql_flush(self, style, tables, **options) -> list[str]:
        refusing = [f"DROP TRIGGER IF EXISTS {name}" for name, _made in triggers(self.connection)]
        return [*refusing, *flush(self, style, tables, **options)]

    operations.sql_flush = sql_flush


def keep_both() -> None:
    """Makes what the tests on SQLite and on PostgreSQL start from, unless it is there."""
    with alone():
        kept("sqlite", make_sqlite)
        kept_postgres()
