"""By when somebody will call, and by when somebody must have called: pure functions."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aftercare.checkins.levels import Level
from aftercare.clinics.duty import Duty

SHORTEST_PROMISE = timedelta(minutes=15)
"""Whoever is about to lock the door is not on duty for a new call."""
LEAST_AFTER_OPENING = timedelta(hours=2)
"""How long staff have at least for what waited for them while the clinic was shut."""


@dataclass(frozen=True)
class Times:
    """By when staff must have acted on an answer, and from when they are told of it."""

    due_at: datetime
    told_from: datetime


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


def times_of(level: Level, *, now: datetime, limit: timedelta, duty: Duty) -> Times:
    """Due by the time the patient is promised, where one is, and told of at once.

    Without a promise, what is urgent (E, A) runs day and night: whoever is on call is told. The rest is due
    within the limit while somebody is there, if that leaves them two hours, and waits for them to come on
    duty; but not beyond its limit, and not where nobody ever comes.
    """
    promised = promised_by(now=now, limit=limit, duty=duty)
    begins = duty.next_start(now)
    if promised is not None:
        return Times(promised, now)
    if level in (Level.E, Level.A) or begins is None:
        return Times(now + limit, now)
    until = max(now + limit, begins + LEAST_AFTER_OPENING)
    waits = not duty.covers(now) and begins <= now + limit
    return Times(duty.last_covered(since=begins, until=until) or until, begins if waits else now)
