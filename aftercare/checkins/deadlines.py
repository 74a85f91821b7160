"""By when somebody will call, and by when somebody must have called: pure functions."""

from datetime import datetime, timedelta

from aftercare.checkins.levels import Level
from aftercare.clinics.duty import Duty

SHORTEST_PROMISE = timedelta(minutes=15)
"""Whoever is about to lock the door is not on duty for a new call."""
NEVER_OPENS = timedelta(days=1)
"""How long staff have when the clinic has given no hours."""


def promised_by(*, now: datetime, limit: timedelta, duty: Duty) -> datetime | None:
    """The time by which a patient may be told that somebody calls; None if no promise can be kept.

    Only while somebody is on duty: within the limit, and not later than somebody is there.
    """
    if not duty.covers(now):
        return None
    by = duty.last_covered(since=now, until=now + limit)
    if by is None or by - now < min(limit, SHORTEST_PROMISE):
        return None
    return by


def due_by(level: Level, *, now: datetime, limit: timedelta, duty: Duty) -> datetime:
    """By when staff must have acted.

    What is urgent (E, A) runs day and night: whoever is on call is told. The rest waits for the next opening,
    and is due by the limit after it.
    """
    if level in (Level.E, Level.A):
        return now + limit
    opening = duty.next_opening(now)
    begins = opening if opening is not None else now + NEVER_OPENS
    return begins + limit
