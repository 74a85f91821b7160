"""The ladder: who is told of a task when, by its times alone."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.followups.escalating import Climb, Ladder, climb
from aftercare.followups.models import Rung

OPENED = datetime(2026, 3, 28, 16, tzinfo=UTC)
DEADLINE = OPENED + timedelta(hours=4)


def at(told, hours, *, claimed=False):
    ladder = Ladder(begins_at=OPENED, deadline_at=DEADLINE)
    found = climb(ladder, told, claimed=claimed, now=OPENED + timedelta(hours=hours))
    return found.rungs, found.next_at and (found.next_at - OPENED) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("told", "hours", "rungs", "then"),
    [
        ("", 0, (Rung.DUTY,), 2),
        (Rung.DUTY, 2, (Rung.SECOND,), 3),
        (Rung.SECOND, 3, (Rung.OWNER,), 4),
        (Rung.OWNER, 4, (Rung.OVERDUE,), None),
        (Rung.OVERDUE, 5, (), None),
    ],
)
def test_nobody_takes_it_on_and_one_after_the_other_is_told(told, hours, rungs, then):
    assert at(told, hours) == (rungs, then)


def test_engine_was_away_and_everybody_whose_turn_has_come_is_told_at_once():
    assert at("", 3.5) == ((Rung.DUTY, Rung.SECOND, Rung.OWNER), 4)


def test_mail_to_the_one_before_failed_and_the_next_is_told_early():
    assert at(Rung.DUTY, 0.1) == ((Rung.SECOND,), 3)


@pytest.mark.parametrize(("hours", "rungs", "then"), [(2, (), 4), (4, (Rung.OVERDUE,), None)])
def test_somebody_has_it_and_the_others_hear_only_when_it_is_overdue(hours, rungs, then):
    assert at(Rung.DUTY, hours, claimed=True) == (rungs, then)


def test_claimed_task_that_was_told_as_overdue_climbs_no_further():
    assert at(Rung.OVERDUE, 9, claimed=True) == ((), None)


def opening(told, *, after, hours, claimed=False):
    """Where somebody comes on duty so many hours after it was opened."""
    ladder = Ladder(begins_at=OPENED, deadline_at=DEADLINE, opening_at=OPENED + timedelta(hours=after))
    return climb(ladder, told, claimed=claimed, now=OPENED + timedelta(hours=hours))


def after(hours):
    return OPENED + timedelta(hours=hours)


def test_ladder_that_was_spent_at_night_goes_on_at_opening_and_ends_there():
    spent = opening(Rung.OWNER, after=9, hours=4)

    assert spent == Climb((Rung.OVERDUE,), after(9), after(9))
    assert opening(Rung.OVERDUE, after=9, hours=9) == Climb((Rung.OPENING,), None, None)


def test_opening_amid_the_ladder_leaves_the_next_rung_its_time():
    found = opening(Rung.DUTY, after=1, hours=1)

    assert found == Climb((Rung.OPENING,), after(2), None)


def test_opening_is_told_later_when_a_mail_to_the_one_before_failed():
    assert opening(Rung.DUTY, after=1, hours=0.1) == Climb((Rung.SECOND,), after(1), after(1))


@pytest.mark.parametrize(
    ("told", "opens", "hours", "climbed"),
    [
        (Rung.DUTY, 1, 1, Climb((), after(4))),  # somebody has it, and it is not overdue
        (Rung.DUTY, 9, 4, Climb((Rung.OVERDUE,), after(9), after(9))),
        (Rung.OVERDUE, 9, 9, Climb((Rung.OPENING,), None)),
    ],
)
def test_what_somebody_took_on_at_night_is_told_at_opening_if_it_is_overdue(told, opens, hours, climbed):
    assert opening(told, after=opens, hours=hours, claimed=True) == climbed
