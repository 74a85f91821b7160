"""Tasks for a human: one a source, and taken back when needless."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from aftercare.followups.models import Cause, FollowUpTask
from aftercare.followups.opening import open_task, withdraw_task, withdraw_tasks
from tests import factories
from tests.factories import ENDED_AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient():
    return factories.patient(factories.clinic())


def _open(patient, **over):
    fields = {
        "clinic": patient.clinic,
        "patient": patient,
        "cause": Cause.MISSED,
        "source": "message:1:missed",
        "detail": "First night",
        "now": ENDED_AT,
        "deadline_at": ENDED_AT + timedelta(hours=4),
    }
    return open_task(**fields | over)


def test_open_task_opens_one_with_its_deadline(patient):
    task = _open(patient)

    assert FollowUpTask.objects.get() == task
    assert (task.opened_at, task.deadline_at) == (ENDED_AT, ENDED_AT + timedelta(hours=4))


def test_open_task_twice_for_one_source_leaves_the_first(patient):
    first = _open(patient)

    second = _open(patient, detail="Another", now=ENDED_AT + timedelta(hours=1))

    assert second == first
    assert FollowUpTask.objects.get().detail == "First night"


def test_open_task_with_a_deadline_gone_by_is_due_now(patient):
    task = _open(patient, deadline_at=ENDED_AT - timedelta(days=1))

    assert task.deadline_at == ENDED_AT


def test_withdraw_task_closes_it_in_nobodys_name(patient):
    _open(patient)

    assert withdraw_task("message:1:missed", outcome="The session was voided.", now=ENDED_AT)

    task = FollowUpTask.objects.get()
    assert (task.closed_at, task.closed_by, task.outcome) == (ENDED_AT, None, "The session was voided.")


def test_withdraw_task_twice_finds_nothing_the_second_time(patient):
    _open(patient)
    withdraw_task("message:1:missed", outcome="Voided.", now=ENDED_AT)

    assert not withdraw_task("message:1:missed", outcome="Again.", now=ENDED_AT)
    assert FollowUpTask.objects.get().outcome == "Voided."


def test_withdraw_task_leaves_one_that_somebody_has_taken_on(patient):
    task = _open(patient)
    FollowUpTask.objects.update(claimed_by=factories.user(patient.clinic), claimed_at=ENDED_AT)

    assert not withdraw_task(task.source, outcome="Voided.", now=ENDED_AT)
    assert FollowUpTask.objects.get().closed_at is None


def test_open_task_opens_a_withdrawn_one_anew(patient):
    _open(patient)
    withdraw_task("message:1:missed", outcome="Voided.", now=ENDED_AT)

    task = _open(patient, detail="Again", now=ENDED_AT + timedelta(hours=1))

    assert (task.closed_at, task.outcome, task.detail) == (None, "", "Again")
    assert task.opened_at == ENDED_AT + timedelta(hours=1)


def test_open_task_leaves_one_that_a_person_closed(patient):
    _open(patient)
    by = factories.user(patient.clinic)
    FollowUpTask.objects.update(tell_at=None, closed_at=ENDED_AT, closed_by=by, outcome="Called: all well.")

    task = _open(patient)

    assert (task.closed_by, task.outcome) == (by, "Called: all well.")


def test_task_with_deadline_before_opening_violates_a_constraint(patient):
    task = _open(patient)

    with pytest.raises(IntegrityError, match="followup_deadline_after_opening"):
        FollowUpTask.objects.filter(pk=task.pk).update(deadline_at=ENDED_AT - timedelta(hours=1))


def test_closed_task_that_somebody_is_still_to_be_told_of_violates_a_constraint(patient):
    task = _open(patient)

    with pytest.raises(IntegrityError, match="followup_closed_tells_nobody"):
        FollowUpTask.objects.filter(pk=task.pk).update(closed_at=ENDED_AT, outcome="Called.")


def test_task_closed_without_outcome_violates_a_constraint(patient):
    task = _open(patient)

    with pytest.raises(IntegrityError, match="followup_closed_with_outcome"):
        FollowUpTask.objects.filter(pk=task.pk).update(closed_at=ENDED_AT, tell_at=None)


def test_withdraw_tasks_closes_those_whose_source_begins_so(patient):
    for source in ("message:1:missed", "message:1:failed", "message:12:missed"):
        _open(patient, source=source)

    assert withdraw_tasks("message:1:", outcome="Voided.", now=ENDED_AT) == 2
    assert FollowUpTask.objects.get(closed_at=None).source == "message:12:missed"
