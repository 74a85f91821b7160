"""History that the database keeps by itself: triggers refuse to change or delete what was written down once.

They are made after every ``migrate``, and not by a migration: SQLite forgets the triggers of a table that a
later migration makes anew. PostgreSQL can still empty whole tables (``TRUNCATE``), and whoever owns the
database can take the triggers off.

Two things are refused thereby. On SQLite ``manage.py flush``, which empties tables row by row: to begin anew,
take the database's file away and run ``migrate``. And deleting an account that has changed something, because
its name would go from what it did: untick *active* instead, and end its memberships.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from aftercare.clinics.history import KeptRow

EVENTS = ("update", "delete")
FUNCTION = """
CREATE OR REPLACE FUNCTION history_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'history is kept' USING ERRCODE = 'integrity_constraint_violation'; END $$
"""
REFUSE = {
    "postgresql": "FOR EACH ROW EXECUTE FUNCTION history_is_kept()",
    "sqlite": "BEGIN SELECT RAISE(ABORT, 'history is kept'); END",
}
THERE_ARE = {
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
}


def keep_history(*, using: str, **_told: Any) -> None:
    """Makes the triggers that are missing; changes nothing where all are there. Called after ``migrate``."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(THERE_ARE[connection.vendor])
        there = {name for (name,) in cursor.fetchall()}
        missing = [(name, made) for name, made in triggers(connection) if name not in there]
        if missing and connection.vendor == "postgresql":
            cursor.execute(FUNCTION)
        for _name, made in missing:
            cursor.execute(made)


def triggers(connection: BaseDatabaseWrapper) -> Iterator[tuple[str, str]]:
    """The name of each trigger, and the statement that makes it, for the tables there are."""
    tables = set(connection.introspection.table_names())
    kept = (model._meta.db_table for model in apps.get_models() if issubclass(model, KeptRow))
    for table in tables.intersection(kept):
        for event in EVENTS:
            name = f"{table}_no_{event}"
            refuse = REFUSE[connection.vendor]
            yield name, f"CREATE TRIGGER {name} BEFORE {event} ON {table} {refuse}"
