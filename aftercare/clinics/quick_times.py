"""Points in time as PostgreSQL writes them, read in C.

Django's reader is psycopg's in Python: a twentieth of all that a sender computes, as a message's rows hold a
dozen of them.
"""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.psycopg_any import BaseTzLoader


class QuickLoader(BaseTzLoader):
    """Reads a ``timestamptz`` in UTC; leaves what is written otherwise to Django."""

    timezone = UTC

    def load(self, data: Any) -> datetime:
        try:
            read = datetime.fromisoformat(str(data, "ascii"))
        except ValueError:  # no Python datetime: psycopg's error says more
            return super().load(data)
        return read if read.tzinfo is UTC else super().load(data)


def read_times_quickly(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """A receiver of Django's ``connection_created``."""
    if connection.vendor == "postgresql" and connection.timezone == UTC:
        connection.connection.adapters.register_loader("timestamptz", QuickLoader)
