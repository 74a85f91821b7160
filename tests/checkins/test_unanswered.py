"""A check-in left unanswered becomes a task for staff, once."""

from datetime import UTC, datetime, time, timedelta

import pytest

from aftercare.checkins.answering import Given, answer
from aftercare.checkins.questions import questions_for
from aftercare.checkins.unanswered import tell_of_unanswered
from aftercare.clinics.hours import OpeningHours
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.followups.opening import withdraw_task
from aftercare.outbox import clock, ticking
from tests import factories

pytestmark = pytest.mark.django_db
SENT_AT = datetime(2026, 3, 29, 9, tzinfo=UTC)  # a Sunday
A_DAY_LATER = SENT_AT + timedelta(hours=24)


@pytest.fixture
def asking():
    clinic = factories.clinic()
    factories.approved_rules(clinic)
    OpeningHours.objects.create(
        clinic=clinic, weekday=0, opens_local_time=time(12), closes_local_time=time(18)
    )
    session = factories.treatment_session(clinic, state="completed", completed_at=factories.ENDED_AT)
    message = factories.message(session, status="sent", send_at=SENT_AT, sent_at=SENT_AT)
    message.step.template.asks_check_in = True
    message.step.template.save()
    return message


def everything(message, **over):
    asked = questions_for(variant="standard", day=1)
    return {**{one.code: one.choices[0] for one in asked}, **over}


def test_task_is_opened_after_a_day_and_once(asking):
    assert tell_of_unanswered(now=A_DAY_LATER - timedelta(minutes=1)) == 0
    assert tell_of_unanswered(now=A_DAY_LATER) == 1
    assert tell_of_unanswered(now=A_DAY_LATER + timedelta(hours=1)) == 0

    task = FollowUpTask.objects.get()
    assert task.cause == Cause.UNANSWERED
    assert task.deadline_at == datetime(2026, 3, 30, 15, tzinfo=UTC)  # four hours after noon's opening


def test_begun_and_not_finished_counts_as_unanswered(asking):
    answer(asking, Given(answers={"breathing": "no"}), now=SENT_AT)

    assert tell_of_unanswered(now=A_DAY_LATER) == 1


def test_answered_check_in_opens_no_task(asking):
    answer(asking, Given(answers=everything(asking), last=True), now=SENT_AT)

    assert tell_of_unanswered(now=A_DAY_LATER) == 0


def test_open_concern_is_enough(asking):
    answer(asking, Given(answers={"infection": "yes"}), now=SENT_AT)

    assert tell_of_unanswered(now=A_DAY_LATER) == 0


def test_late_answer_takes_the_task_back(asking):
    tell_of_unanswered(now=A_DAY_LATER)

    answer(asking, Given(answers=everything(asking), last=True), now=A_DAY_LATER + timedelta(hours=1))

    assert FollowUpTask.objects.get().closed_at is not None


def test_task_that_was_withdrawn_opens_anew_while_nobody_answers(asking):
    tell_of_unanswered(now=A_DAY_LATER)
    source = FollowUpTask.objects.get().source
    withdraw_task(source, outcome="Sent again.", now=A_DAY_LATER)  # as when the address was corrected

    assert tell_of_unanswered(now=A_DAY_LATER + timedelta(hours=24)) == 1
    assert FollowUpTask.objects.get().closed_at is None


@pytest.mark.parametrize("reason", ["voided", "does not ask", "no rules", "long ago"])
def test_nobody_is_told_of_what_could_not_be_answered(asking, reason):
    now = A_DAY_LATER
    if reason == "voided":
        type(asking.session).objects.update(state="voided", voided_at=SENT_AT, void_reason="Mistake")
    elif reason == "does not ask":
        type(asking.step.template).objects.update(asks_check_in=False)
    elif reason == "no rules":
        asking.clinic.rule_sets.all().delete()
    else:
        now += timedelta(days=8)

    assert tell_of_unanswered(now=now) == 0


def test_tick_looks_for_unanswered_check_ins(asking, monkeypatch):
    monkeypatch.setattr(clock, "database_now", lambda: A_DAY_LATER)
    for step in ticking.slow_steps:
        monkeypatch.setattr(step, "next_at", float("-inf"))

    ticking.tick_once("test")

    assert FollowUpTask.objects.get().cause == Cause.UNANSWERED
