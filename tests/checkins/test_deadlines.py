"""By when somebody calls, and by when staff must have acted: over closing times, weekends and closed days."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from aftercare.checkins.deadlines import promised_by, times_of
from aftercare.checkins.levels import Level
from aftercare.clinics.duty import Duty, Hours

pytestmark = pytest.mark.any_database
LONDON = ZoneInfo("Europe/London")
DUTY = Duty(zone=LONDON, hours=tuple(Hours(day, time(9), time(18)) for day in range(5)))
NEVER = Duty(zone=LONDON, hours=())
LIMITS = {
    Level.E: timedelta(minutes=15),
    Level.A: timedelta(hours=2),
    Level.B: timedelta(days=1),
    Level.C: timedelta(days=3),
}


def june(day, hour, minute=0):
    """Of 2026; the 1st is a Monday."""
    return datetime(2026, 6, day, hour, minute, tzinfo=LONDON).astimezone(UTC)


def due(level, now, duty=DUTY):
    return times_of(level, now=now, limit=LIMITS[level], duty=duty).due_at


@pytest.mark.parametrize(
    ("level", "now", "by"),
    [
        (Level.B, june(5, 12), june(5, 18)),  # Friday: promised by closing, as the weekend is shut
        (Level.A, june(1, 17), june(1, 18)),  # promised by closing
        (Level.E, june(1, 17, 55), june(1, 18, 10)),  # about to close: no promise, but urgent
        (Level.A, june(2, 2), june(2, 4)),  # at night: on call
        (Level.B, june(1, 22), june(2, 18)),  # by closing of the next day, within the limit
        (Level.B, june(2, 8), june(2, 18)),
        (Level.B, june(5, 17, 50), june(8, 11)),  # nobody is there within the limit: soon after opening
        (Level.B, june(7, 9, 5), june(8, 11)),
        (Level.C, june(5, 20), june(8, 18)),
        (Level.C, june(1, 22), june(4, 18)),
    ],
)
def test_staff_must_act_while_somebody_is_there_or_on_call(level, now, by):
    assert due(level, now) == by


@pytest.mark.parametrize(
    ("level", "now", "told"),
    [
        (Level.A, june(2, 2), june(2, 2)),
        (Level.B, june(2, 2), june(2, 9)),  # waits for somebody to come on duty
        (Level.C, june(5, 20), june(8, 9)),
        (Level.B, june(5, 20), june(5, 20)),  # would wait beyond its limit
        (Level.B, june(1, 17, 50), june(1, 17, 50)),  # somebody is still there
        (Level.C, june(1, 12), june(1, 12)),
    ],
)
def test_staff_are_told_at_once_or_when_they_come_on_duty(level, now, told):
    assert times_of(level, now=now, limit=LIMITS[level], duty=DUTY).told_from == told


def test_clinic_without_hours_has_the_limit_from_now():
    assert due(Level.B, june(1, 12), NEVER) == june(2, 12)


@pytest.mark.parametrize("level", LIMITS)
def test_staff_are_never_due_after_the_time_that_was_promised(level):
    halves = [june(1, 0) + timedelta(minutes=30 * number) for number in range(7 * 48)]
    promised = {now: promised_by(now=now, limit=LIMITS[level], duty=DUTY) for now in halves}

    assert any(promised.values())
    assert [now for now, by in promised.items() if by and due(level, now) > by] == []
    assert [now for now in halves if not now < due(level, now)] == []
