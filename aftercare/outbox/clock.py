"""The engine's only clock: the database's, so that workers whose clocks differ still agree."""

from datetime import UTC, datetime

from django.db import connection


def database_now() -> datetime:
    """The database's time at this moment (not at the start of the transaction), in UTC.

    SQLite has it to the millisecond. Callers write ``clock.database_now()``: the one place a test replaces.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")
            return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0].astimezone(UTC)
