"""Staff handle the task of a concern, and the concern and the patient's held messages follow."""

from datetime import UTC, datetime, time, timedelta

import pytest

from aftercare.checkins.concerns import ConcernError, raise_concern
from aftercare.checkins.handling import Closing, UnreadAnswer, call_made, concern_of, finish, said_in, take_on
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


def at_level(session, level, **more):
    duty = Duty(zone=session.clinic.time_zone, hours=tuple(Hours(day, time(9), time(18)) for day in range(5)))
    given = {"limit": timedelta(hours=2), "duty": duty, "now": NOON, **more}
    return raise_concern(session, level=level, **given)


def close(concern, name, outcome, *, by, at=LATER):
    """By somebody whose page shows all that the patient has sent."""
    task, read = task_of(concern, name), said_in(concern)
    closing = Closing(outcome=outcome, read=read, reached="called")
    return finish(task=task, closing=closing, by=by, now=at)


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
    close(concern, "b", "Called; all well.", by=staff)

    assert before == "held"
    assert (seen(concern).closed_at, concern.outcome) == (LATER, "Called; all well.")
    assert task_of(concern, "b").closed_by == staff
    assert seen(held).status == "scheduled"


def test_closing_twice_closes_once(concern, staff):
    for at in (LATER, LATER + timedelta(hours=1)):
        close(concern, "b", "Called.", by=staff, at=at)

    assert seen(concern).closed_at == LATER


def test_task_of_a_lesser_answer_closes_alone(session, concern, staff):
    take_on(task=task_of(concern, "b"), by=staff, now=NOON)
    at_level(session, Level.A)
    close(concern, "b", "Called about the first.", by=staff)

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
    at_level(session, Level.B, now=LATER, news=True)

    close(concern, "b", "Called about the first.", by=staff)
    assert seen(concern).closed_at is None
    close(concern, "b:2", "Called about the second.", by=staff)

    assert seen(concern).closed_at == LATER


@pytest.fixture
def answered(session, concern):
    """The patient's answer behind the concern."""
    return factories.check_in(session.scheduled_messages.get(), level="b", concern=concern)


def send_again(concern, answered):
    return factories.check_in(answered.message, rules=answered.rules, number=2, level="b", concern=concern)


def send_more(concern, answered):
    answered.answers = {**answered.answers, "infection": "yes"}
    answered.save()


def send_a_photo(concern, answered):
    answered.photos.create(name="another.jpg", width=1, height=1, added_at=LATER)


@pytest.mark.parametrize("send", [send_again, send_more, send_a_photo])
def test_closing_is_refused_when_the_patient_has_sent_more_than_was_read(concern, answered, staff, send):
    task, read = task_of(concern, "b"), said_in(concern)
    send(concern, answered)

    with pytest.raises(UnreadAnswer, match="Read it before you close"):
        finish(task=task, closing=Closing(outcome="Called.", read=read), by=staff, now=LATER)
    assert (seen(concern).closed_at, seen(task).closed_at) == (None, None)
    finish(task=task, closing=Closing(outcome="Called.", read=said_in(concern)), by=staff, now=LATER)
    assert seen(concern).closed_at == LATER


def claim(task, by):
    take_on(task=task, by=by, now=LATER)


def take_over(task, by):
    take_on(task=task, by=factories.user(task.clinic), now=LATER, take_over=True)


def close_it(task, by):
    finish(task=task, closing=Closing(outcome="Called.", read=""), by=by, now=LATER)


@pytest.mark.parametrize("act", [claim, take_over, close_it])
def test_act_on_an_older_task_leaves_a_worse_answer_unread(session, concern, staff, act):
    take_on(task=task_of(concern, "b"), by=staff, now=NOON)
    at_level(session, Level.E)
    act(task_of(concern, "b"), staff)

    assert seen(concern).acknowledged_at is None
    assert task_of(concern, "e").claimed_by is None


def test_call_from_an_older_task_is_refused_while_a_worse_answer_waits(session, concern, staff):
    take_on(task=task_of(concern, "b"), by=staff, now=NOON)
    at_level(session, Level.E)

    with pytest.raises(ConcernError, match="answered again since"):
        call_made(task=task_of(concern, "b"), by=staff, now=LATER)
    assert (seen(concern).called_at, concern.acknowledged_at) == (None, None)
    assert task_of(concern, "e").claimed_by is None


def test_claim_of_the_newest_task_takes_on_the_answers_before_it(session, concern, staff):
    take_on(task=task_of(concern, "b"), by=staff, now=NOON)
    at_level(session, Level.C, news=True)
    at_level(session, Level.B, news=True)
    take_on(task=task_of(concern, "b:3"), by=staff, now=LATER)

    assert task_of(concern, "c:2").claimed_by == staff
