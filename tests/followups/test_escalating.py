"""The ladder: who is told of a task when, by its times alone."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.followups.escalating import climb
from aftercare.followups.models import Rung

OPENED = datetime(2026, 3, 28, 16, tzinfo=UTC)
DEADLINE = OPENED + timedelta(hours=4)


def at(told, hours, *, claimed=False):
    found = climb(
        told,
        opened_at=OPENED,
        deadline_at=DEADLINE,
        claimed=claimed,
        now=OPENED + timedelta(hours=hours),
    )
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
