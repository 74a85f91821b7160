"""The engine's only clock: the database's, so that workers whose clocks differ still agree."""

import time
from datetime import UTC, datetime, timedelta

from django.db import connection

LONGEST_GUESS = 1.0
"""Seconds."""


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


class Watch:
    """The database's time between two looks at it: for at most a second, this process's own clock counts on.

    Only how long the process ran is taken from it, never what time it thinks it is.
    """

    def __init__(self) -> None:
        self._looked_at = float("-inf")
        self._now = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """The database's time, in UTC."""
        passed = monotonic() - self._looked_at
        if not 0 <= passed < LONGEST_GUESS:
            before = monotonic()  # not afterwards: a process that is frozen here must not take it for new
            self._now, self._looked_at = database_now(), before
            return self._now
        return self._now + timedelta(seconds=passed)


def monotonic() -> float:
    """Seconds that only ever grow; a test that replaces the database's time replaces this too."""
    # Where there is one, a clock that also counts while the machine is suspended.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
