"""Who comes on duty sooner, as hours were changed, is told sooner of what came while the clinic was shut."""

from datetime import UTC, datetime, time, timedelta

import pytest

from aftercare.followups.closing import claim_task
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.followups.opening import open_task
from aftercare.followups.reopening import bring_openings_forward
from aftercare.outbox.models import StaffNotice
from aftercare.outbox.notifying import tell_due
from tests import factories

pytestmark = pytest.mark.django_db
MONDAY_NIGHT = datetime(2026, 3, 30, 18, 30, tzinfo=UTC)  # 19:30 in London
LATER = MONDAY_NIGHT + timedelta(minutes=10)


@pytest.fixture
def clinic():
    """Shut since 18:00; somebody is on call."""
    clinic = factories.clinic(on_call_email="oncall@clinic.example.com")
    for weekday in range(5):
        clinic.opening_hours.create(weekday=weekday, opens_local_time=time(9), closes_local_time=time(18))
    factories.user(clinic, email="nurse@clinic.example.com")
    return clinic


@pytest.fixture
def task(clinic):
    task = open_task(
        clinic=clinic,
        patient=factories.patient(clinic),
        cause=Cause.MISSED,
        source="message:1:missed",
        detail="",
        now=MONDAY_NIGHT,
        deadline_at=MONDAY_NIGHT + timedelta(hours=4),
    )
    tell_due(now=MONDAY_NIGHT)
    return task


def told_at(now):
    tell_due(now=now)
    return [(one.rung, one.recipient.partition("@")[0]) for one in StaffNotice.objects.filter(created_at=now)]


def longer(clinic, closes):
    clinic.opening_hours.update(closes_local_time=closes)


def test_those_whom_longer_hours_put_on_duty_are_told_at_once_and_once(clinic, task):
    longer(clinic, time(21))

    assert bring_openings_forward(clinic, now=LATER) == 1
    assert told_at(LATER) == [("opening", "nurse")]
    assert bring_openings_forward(clinic, now=LATER) == 0


def test_same_hours_saved_again_tell_nobody(clinic, task):
    assert bring_openings_forward(clinic, now=LATER) == 0
    assert told_at(LATER) == []


def test_earlier_opening_moves_the_mail_at_opening(clinic, task):
    FollowUpTask.objects.update(tell_at=None)
    clinic.opening_hours.update(opens_local_time=time(7))
    bring_openings_forward(clinic, now=LATER)

    assert ("opening", "nurse") in told_at(datetime(2026, 3, 31, 6, tzinfo=UTC))


def test_task_that_somebody_has_taken_on_is_left_to_them(clinic, task):
    claim_task(task=task, by=factories.user(clinic), now=LATER)
    longer(clinic, time(21))

    assert bring_openings_forward(clinic, now=LATER) == 0
