"""By when somebody will call, and by when somebody must have called: pure functions."""

from datetime import datetime, timedelta

from aftercare.checkins.levels import Level
from aftercare.clinics.duty import Duty

SHORTEST_PROMISE = timedelta(minutes=15)
"""Whoever is about to lock the door is not on duty for a new call."""
LEAST_AFTER_OPENING = timedelta(hours=2)
"""How long staff have at least for what waited for them while the clinic was shut."""


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
    """By when staff must have acted: by the time the patient is promised, where one is.

    Else what is urgent (E, A) runs day and night, as whoever is on call is told. The rest waits for somebody
    to come on duty, and is due within the limit while somebody is there, if that leaves them two hours.
    """
    promised = promised_by(now=now, limit=limit, duty=duty)
    begins = duty.next_start(now)
    if promised is not None:
        return promised
    if level in (Level.E, Level.A) or begins is None:
        return now + limit
    until = max(now + limit, begins + LEAST_AFTER_OPENING)
    return duty.last_covered(since=begins, until=until) or until
