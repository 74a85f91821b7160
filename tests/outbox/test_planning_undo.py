"""Reopening and voiding: what is held, cancelled and given back."""

from datetime import timedelta

import pytest

from aftercare.followups.models import FollowUpTask
from aftercare.outbox.models import ScheduledMessage, StatusChange
from aftercare.outbox.planning import Refused, reopen_session, void_session
from aftercare.outbox.reaping import miss_late
from aftercare.treatments.models import SessionState
from tests import factories
from tests.factories import ENDED_AT
from tests.outbox.sessions import NOW, ONE_HOUR, UNDO, complete, draft, move, rows_of, snapshot

pytestmark = pytest.mark.django_db

SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def staff(clinic):
    return factories.user(clinic)


def _reopen(session, now=SOON):
    reopen_session(session, by=None, now=now)


def _void(session, now=SOON, reason="Wrong patient.", by=None):
    void_session(session, reason=reason, by=by, now=now)


def _states(session):
    return {(row.status, row.why) for row in rows_of(session).values()}


def test_reopening_makes_a_draft_and_holds_its_messages(clinic, staff):
    session = draft(clinic)
    complete(session)

    reopen_session(session, by=staff, now=SOON)

    assert (session.state, session.completed_at) == (SessionState.DRAFT, None)
    assert _states(session) == {("held", "session_reopened")}
    assert set(StatusChange.objects.filter(to_status="held").values_list("actor", flat=True)) == {staff.pk}


def test_reopening_twice_changes_nothing(clinic):
    session = draft(clinic)
    complete(session)
    _reopen(session)
    before = snapshot(session)

    _reopen(session, now=NOW + timedelta(hours=1))

    assert snapshot(session) == before


def test_reopening_after_the_undo_time_is_refused(clinic):
    session = draft(clinic)
    complete(session)

    with pytest.raises(Refused, match="time to undo is over"):
        _reopen(session, now=NOW + UNDO)

    session.refresh_from_db()
    assert session.state == SessionState.COMPLETED


def test_reopening_after_a_message_was_tried_is_refused(clinic):
    session = draft(clinic)
    complete(session)
    session.scheduled_messages.filter(step__slug="first-night").update(
        status="sent", sent_at=NOW, attempt_count=1
    )

    with pytest.raises(Refused, match="has left"):
        _reopen(session)


def test_reopening_a_voided_session_is_refused(clinic):
    session = draft(clinic)
    _void(session)

    with pytest.raises(Refused, match="voided"):
        _reopen(session)


def test_reopening_holds_what_was_held_for_another_reason_too(clinic):
    patient = factories.patient(clinic, email_consent_at=None, email_consent_version="")
    session = draft(clinic, patient=patient)
    complete(session)

    _reopen(session)

    assert _states(session) == {("held", "session_reopened")}


def test_completing_again_promises_the_same_rows(clinic):
    session = draft(clinic)
    complete(session)
    ids = {row.pk for row in rows_of(session).values()}
    _reopen(session)
    move(session, ended_at=ENDED_AT - timedelta(minutes=10))

    complete(session, now=NOW + timedelta(minutes=2))

    rows = rows_of(session)
    assert {row.pk for row in rows.values()} == ids
    assert (rows["first-night"].status, rows["first-night"].send_at) == (
        "scheduled",
        ONE_HOUR - timedelta(minutes=10),
    )


def test_completing_again_for_the_right_patient_writes_to_nobody_else(clinic):
    session = draft(clinic)
    complete(session)
    _reopen(session)
    right = factories.patient(clinic)
    move(session, patient=right)

    complete(session, now=NOW + timedelta(minutes=2))

    assert {row.patient for row in rows_of(session).values()} == {right}


def test_completing_again_promises_what_was_cancelled_while_it_was_open(clinic):
    session = draft(clinic, ended_at=ENDED_AT - timedelta(minutes=239))  # by a slip: it ended just now
    clinic.undo_minutes = 60
    clinic.save()
    complete(session)
    _reopen(session)
    miss_late(NOW + timedelta(minutes=5))
    assert ("cancelled", "session_reopened") in _states(session)

    move(session, ended_at=ENDED_AT)
    complete(session, now=NOW + timedelta(minutes=6))

    assert _states(session) == {("scheduled", "")}


def test_what_is_missed_while_a_session_is_open_opens_no_task(clinic):
    session = draft(clinic)
    complete(session)
    _reopen(session)

    miss_late(NOW + timedelta(days=1, hours=5))

    assert _states(session) == {("cancelled", "session_reopened")}
    assert not FollowUpTask.objects.exists()


def test_reopening_a_late_entry_takes_its_task_back_and_completing_again_opens_it(clinic):
    session = draft(clinic, ended_at=ENDED_AT - timedelta(hours=10))
    complete(session)
    task = FollowUpTask.objects.get()

    _reopen(session)
    task.refresh_from_db()
    withdrawn_at = task.closed_at
    complete(session, now=NOW + timedelta(minutes=2))

    task.refresh_from_db()
    assert withdrawn_at == SOON
    assert task.closed_at is None
    assert rows_of(session)["first-night"].why == "entered_late"


def test_voiding_cancels_what_has_not_left_and_keeps_reason_and_who(clinic, staff):
    session = draft(clinic)
    complete(session)

    _void(session, by=staff)

    assert (session.state, session.voided_at, session.void_reason) == ("voided", SOON, "Wrong patient.")
    assert _states(session) == {("cancelled", "session_voided")}
    line = StatusChange.objects.filter(to_status="cancelled").first()
    assert (line.actor, line.detail) == (staff, "Wrong patient.")


def test_voiding_leaves_what_was_sent(clinic):
    session = draft(clinic)
    complete(session)
    session.scheduled_messages.filter(step__slug="first-night").update(status="sent", sent_at=ONE_HOUR)

    _void(session, now=NOW + timedelta(hours=2))

    assert _states(session) == {("sent", ""), ("cancelled", "session_voided")}


def test_voiding_takes_a_claimed_message_back_from_its_worker(clinic):
    session = draft(clinic)
    complete(session)
    row = rows_of(session)["first-night"]
    lease = {"claim_token": row.pk, "lease_until": NOW + timedelta(hours=2)}
    ScheduledMessage.objects.filter(pk=row.pk).update(status="claimed", **lease)

    _void(session)

    row.refresh_from_db()
    assert (row.status, row.claim_token) == ("cancelled", None)


def test_voiding_a_draft_is_possible(clinic):
    session = draft(clinic)

    _void(session)

    assert session.state == SessionState.VOIDED


def test_voiding_twice_keeps_the_first_reason(clinic):
    session = draft(clinic)
    _void(session)

    _void(session, reason="Another.", now=NOW + timedelta(hours=1))

    assert (session.void_reason, session.voided_at) == ("Wrong patient.", SOON)


def test_voiding_without_reason_is_refused_beside_the_field(clinic):
    session = draft(clinic)

    with pytest.raises(Refused) as refused:
        _void(session, reason="  ")

    assert list(refused.value.problems) == ["void_reason"]
    session.refresh_from_db()
    assert session.state == SessionState.DRAFT


def test_voiding_takes_the_tasks_of_the_session_back(clinic):
    late = draft(clinic, ended_at=ENDED_AT - timedelta(hours=10))
    complete(late)

    _void(late)

    task = FollowUpTask.objects.get()
    assert (task.closed_at, task.outcome) == (SOON, "The session was voided: Wrong patient.")


def test_voiding_takes_the_tasks_of_its_messages_back(clinic):
    session = draft(clinic)
    complete(session)
    miss_late(NOW + timedelta(hours=5))
    assert FollowUpTask.objects.get().source.startswith("message:")

    _void(session, now=NOW + timedelta(hours=6))

    assert FollowUpTask.objects.get().closed_at is not None
