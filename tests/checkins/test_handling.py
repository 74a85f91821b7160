"""Staff handle the task of a concern, and the concern and the patient's held messages follow."""

from datetime import UTC, datetime, time, timedelta

import pytest

from aftercare.checkins.concerns import ConcernError, raise_concern
from aftercare.checkins.handling import call_made, concern_of, finish, take_on
from aftercare.checkins.levels import Level
from aftercare.clinics.duty import Duty, Hours
from aftercare.followups.closing import TaskError
from aftercare.followups.models import FollowUpTask
from aftercare.outbox.planning import complete_session
from tests import factories

pytestmark = pytest.mark.django_db
ROUTINE = {**factories.WALL_TIME, "slug": "day-3", "day": 3, "latest_day": 3}
NOON = datetime(2026, 3, 30, 11, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def session():
    clinic = factories.clinic()
    session = factories.treatment_session(clinic, protocol=factories.protocol(clinic, (ROUTINE,)))
    complete_session(session, by=None, now=factories.ENDED_AT)
    return session


@pytest.fixture
def staff(session):
    return factories.user(session.clinic)


@pytest.fixture
def concern(session):
    return at_level(session, Level.B)


def at_level(session, level):
    duty = Duty(zone=session.clinic.time_zone, hours=tuple(Hours(day, time(9), time(18)) for day in range(5)))
    return raise_concern(session, level=level, limit=timedelta(hours=2), duty=duty, now=NOON)


def task_of(concern, level):
    return FollowUpTask.objects.get(source=f"concern:{concern.pk}:{level}")


def seen(row):
    row.refresh_from_db()
    return row


def test_claim_acknowledges_the_concern(concern, staff):
    task = take_on(task=task_of(concern, "b"), by=staff, now=LATER)

    assert task.claimed_by == staff
    assert (seen(concern).acknowledged_by, concern.acknowledged_at) == (staff, LATER)


def test_claim_of_a_colleagues_task_acknowledges_nothing(concern, staff):
    FollowUpTask.objects.update(claimed_by=factories.user(concern.clinic), claimed_at=NOON)

    with pytest.raises(TaskError):
        take_on(task=task_of(concern, "b"), by=staff, now=LATER)
    assert seen(concern).acknowledged_at is None


def test_call_is_noted_on_the_concern(concern, staff):
    call_made(task=task_of(concern, "b"), by=staff, now=LATER)

    assert (seen(concern).called_at, concern.acknowledged_by) == (LATER, staff)


def test_closing_the_task_closes_the_concern_and_lets_held_messages_go(session, concern, staff):
    held = session.scheduled_messages.get()
    before = held.status
    finish(task=task_of(concern, "b"), outcome="Called; all well.", by=staff, now=LATER)

    assert before == "held"
    assert (seen(concern).closed_at, concern.outcome) == (LATER, "Called; all well.")
    assert task_of(concern, "b").closed_by == staff
    assert seen(held).status == "scheduled"


def test_closing_twice_closes_once(concern, staff):
    for at in (LATER, LATER + timedelta(hours=1)):
        finish(task=task_of(concern, "b"), outcome="Called.", by=staff, now=at)

    assert seen(concern).closed_at == LATER


def test_task_of_a_lesser_answer_closes_alone(session, concern, staff):
    take_on(task=task_of(concern, "b"), by=staff, now=NOON)
    at_level(session, Level.A)
    finish(task=task_of(concern, "b"), outcome="Called about the first.", by=staff, now=LATER)

    assert seen(concern).closed_at is None
    assert task_of(concern, "a").closed_at is None
    assert session.scheduled_messages.get().status == "held"


@pytest.mark.parametrize("source", ["message:7:missed", "concern:x:a", "concern:" + "9" * 30, "concern:"])
def test_other_sources_name_no_concern(concern, staff, source):
    task = FollowUpTask(clinic=concern.clinic, source=source)

    assert concern_of(task) is None
    with pytest.raises(ConcernError):
        call_made(task=task, by=staff, now=LATER)


def test_concern_of_another_clinic_is_not_found(concern):
    task = FollowUpTask(clinic=factories.clinic(), source=f"concern:{concern.pk}:b")

    assert concern_of(task) is None


def test_concern_stays_open_while_a_later_answer_waits(session, concern, staff):
    take_on(task=task_of(concern, "b"), by=staff, now=LATER)
    duty = Duty(zone=session.clinic.time_zone, hours=(), closed_on=frozenset())
    limit = timedelta(hours=24)
    raise_concern(session, level=Level.B, limit=limit, duty=duty, now=LATER, news=True)

    finish(task=task_of(concern, "b"), outcome="Called about the first.", by=staff, now=LATER)
    assert seen(concern).closed_at is None
    finish(task=task_of(concern, "b:2"), outcome="Called about the second.", by=staff, now=LATER)

    assert seen(concern).closed_at == LATER
