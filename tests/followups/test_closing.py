from datetime import UTC, datetime, timedelta

import pytest

from aftercare.followups.closing import TaskError, claim_task, close_task
from aftercare.followups.models import Cause
from aftercare.followups.opening import open_task, withdraw_task
from tests import factories

NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def clinic(db):
    return factories.clinic()


@pytest.fixture
def task(clinic):
    return open_task(
        clinic=clinic,
        patient=factories.patient(clinic),
        cause=Cause.MISSED,
        source="message:1:missed",
        detail="First night",
        now=NOW,
        deadline_at=NOW + timedelta(hours=2),
    )


@pytest.fixture
def staff(clinic):
    return factories.user(clinic)


def test_claim_puts_the_user_in_charge(task, staff):
    claim_task(task=task, by=staff, now=NOW)

    task.refresh_from_db()
    assert (task.claimed_by, task.claimed_at) == (staff, NOW)


def test_claim_again_keeps_the_first_time(task, staff):
    claim_task(task=task, by=staff, now=NOW)
    claim_task(task=task, by=staff, now=LATER)

    task.refresh_from_db()
    assert task.claimed_at == NOW


def test_claim_of_somebody_elses_task_is_refused_and_names_them(clinic, task, staff):
    claim_task(task=task, by=factories.user(clinic, username="amy"), now=NOW)

    with pytest.raises(TaskError, match="amy"):
        claim_task(task=task, by=staff, now=LATER)


def test_take_over_hands_the_task_to_the_user(clinic, task, staff):
    claim_task(task=task, by=factories.user(clinic), now=NOW)
    claim_task(task=task, by=staff, now=LATER, take_over=True)

    task.refresh_from_db()
    assert (task.claimed_by, task.claimed_at) == (staff, LATER)


def test_claim_of_a_closed_task_is_refused(task, staff):
    withdraw_task(task.source, outcome="The session was voided.", now=NOW)

    with pytest.raises(TaskError, match="closed already"):
        claim_task(task=task, by=staff, now=LATER)


def test_close_keeps_outcome_who_and_when(task, staff):
    close_task(task=task, outcome="  Called; all well. ", by=staff, now=NOW)

    task.refresh_from_db()
    assert (task.outcome, task.closed_by, task.closed_at) == ("Called; all well.", staff, NOW)


def test_close_of_an_unclaimed_task_claims_it_too(task, staff):
    close_task(task=task, outcome="Called.", by=staff, now=NOW)

    task.refresh_from_db()
    assert (task.claimed_by, task.claimed_at) == (staff, NOW)


def test_close_of_a_claimed_task_keeps_who_claimed_it(clinic, task, staff):
    colleague = factories.user(clinic)
    claim_task(task=task, by=colleague, now=NOW)
    close_task(task=task, outcome="Called.", by=staff, now=LATER)

    task.refresh_from_db()
    assert (task.claimed_by, task.claimed_at, task.closed_by) == (colleague, NOW, staff)


def test_close_again_with_the_same_words_changes_nothing(task, staff):
    close_task(task=task, outcome="Called.", by=staff, now=NOW)
    close_task(task=task, outcome="Called.", by=staff, now=LATER)

    task.refresh_from_db()
    assert task.closed_at == NOW


def test_close_of_a_task_closed_by_another_is_refused_and_keeps_the_outcome(clinic, task, staff):
    close_task(task=task, outcome="Called.", by=factories.user(clinic), now=NOW)

    with pytest.raises(TaskError, match="stays as it is"):
        close_task(task=task, outcome="Wrote a letter.", by=staff, now=LATER)
    task.refresh_from_db()
    assert task.outcome == "Called."


@pytest.mark.parametrize("outcome", ["", "  \n"])
def test_close_without_an_outcome_is_refused(task, staff, outcome):
    with pytest.raises(TaskError, match="Write what came of it"):
        close_task(task=task, outcome=outcome, by=staff, now=NOW)

    task.refresh_from_db()
    assert task.closed_at is None
