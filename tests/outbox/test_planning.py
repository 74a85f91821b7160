"""Completing a session: which messages are promised, and for when."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.followups.models import FollowUpTask
from aftercare.outbox.models import ScheduledMessage, StatusChange
from aftercare.outbox.planning import Refused, replan_session
from aftercare.treatments.models import SessionState
from tests import factories
from tests.factories import ELAPSED
from tests.outbox.sessions import NEXT_MORNING, NOW, ONE_HOUR, UNDO, complete, draft, move, rows_of, snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def staff(clinic):
    return factories.user(clinic)


def test_completing_promises_one_message_a_step(clinic):
    session = draft(clinic)

    messages = complete(session)

    assert [(m.step.slug, m.status, m.send_at) for m in messages] == [
        ("first-night", "scheduled", ONE_HOUR),
        ("day-1", "scheduled", NEXT_MORNING),
    ]


def test_completing_records_state_time_and_who(clinic, staff):
    session = draft(clinic)

    complete(session, by=staff)

    assert (session.state, session.completed_at) == (SessionState.COMPLETED, NOW)
    assert session.history.first().history_user == staff


def test_completing_starts_each_messages_history(clinic, staff):
    session = draft(clinic)

    complete(session, by=staff)

    lines = StatusChange.objects.values_list("from_status", "to_status", "actor", "at")
    assert list(lines) == [("", "scheduled", staff.pk, NOW)] * 2


def test_completing_twice_changes_nothing(clinic):
    session = draft(clinic)
    complete(session)
    before = snapshot(session)

    complete(session, now=NOW + timedelta(minutes=1))

    assert snapshot(session) == before
    assert session.completed_at == NOW
    assert StatusChange.objects.count() == 2


def test_completing_with_problems_is_refused_and_stores_nothing(clinic):
    session = draft(clinic, ended_at=NOW + timedelta(hours=1))

    with pytest.raises(Refused, match="future") as refused:
        complete(session)

    session.refresh_from_db()
    assert list(refused.value.problems) == ["ended_at"]
    assert session.state == SessionState.DRAFT
    assert not ScheduledMessage.objects.exists()


def test_completing_a_voided_session_is_refused(clinic):
    session = draft(clinic)
    move(session, state="voided", voided_at=NOW, void_reason="Wrong patient.")

    with pytest.raises(Refused, match="voided"):
        complete(session)


def test_nothing_may_leave_before_the_undo_time_is_over(clinic):
    session = draft(clinic, ended_at=NOW - timedelta(minutes=59))

    complete(session)

    row = rows_of(session)["first-night"]
    assert (row.send_at, row.due_at) == (NOW + timedelta(minutes=1), NOW + UNDO)
    assert row.moved_by == ["undo"]


def test_undo_time_is_the_clinics_own_if_it_has_one():
    session = draft(factories.clinic(undo_minutes=0), ended_at=NOW - timedelta(hours=2))

    complete(session)

    assert rows_of(session)["first-night"].due_at == NOW


def test_undo_time_that_reaches_into_quiet_hours_moves_the_message_to_their_end():
    step = {**ELAPSED, "quiet_exempt": False, "latest_minutes": 24 * 60}
    clinic = factories.clinic()
    evening = datetime(2026, 3, 28, 20, 59, tzinfo=UTC)
    session = draft(
        clinic, protocol=factories.protocol(clinic, steps=(step,)), ended_at=evening - timedelta(hours=1)
    )

    complete(session, now=evening)

    row = rows_of(session)["first-night"]
    assert row.due_at == datetime(2026, 3, 29, 7, tzinfo=UTC)  # 08:00 in London
    assert "quiet_hours" in row.moved_by


def test_message_whose_window_ends_within_the_undo_time_is_missed(clinic):
    session = draft(clinic, ended_at=NOW - timedelta(minutes=239))

    complete(session)

    row = rows_of(session)["first-night"]
    assert (row.status, row.why) == ("missed", "entered_late")


def test_late_entry_sends_within_the_window_now(clinic):
    session = draft(clinic, ended_at=NOW - timedelta(hours=2))

    complete(session)

    row = rows_of(session)["first-night"]
    assert (row.status, row.send_at, row.due_at) == ("scheduled", NOW, NOW + UNDO)
    assert row.moved_by == ["late_entry", "undo"]


def test_late_entry_past_the_window_is_missed_and_opens_one_task(clinic):
    steps = (ELAPSED, {**ELAPSED, "slug": "second", "name": "Second", "offset_minutes": 90})
    session = draft(
        clinic, protocol=factories.protocol(clinic, steps=steps), ended_at=NOW - timedelta(hours=10)
    )

    complete(session)

    assert {row.why for row in rows_of(session).values()} == {"entered_late"}
    task = FollowUpTask.objects.get()
    assert (task.cause, task.source) == ("late_entry", f"session:{session.pk}:late_entry")
    assert task.detail == "First night, Second"
    assert task.deadline_at > task.opened_at == NOW


def test_late_entry_of_a_step_that_is_only_skipped_opens_no_task(clinic):
    steps = ({**ELAPSED, "late_action": "skip"},)
    session = draft(
        clinic, protocol=factories.protocol(clinic, steps=steps), ended_at=NOW - timedelta(hours=10)
    )

    complete(session)

    assert rows_of(session)["first-night"].status == "missed"
    assert not FollowUpTask.objects.exists()


def test_historical_session_opens_no_task_even_when_corrected_later(clinic):
    session = draft(clinic, ended_at=NOW - timedelta(days=90))

    complete(session, historical=True)
    move(session, ended_at=NOW - timedelta(days=91))
    replan_session(session, by=None, now=NOW + timedelta(minutes=1))

    assert {row.status for row in rows_of(session).values()} == {"missed"}
    assert not FollowUpTask.objects.exists()


def test_disabled_step_gets_no_message(clinic):
    protocol = factories.protocol(clinic)
    protocol.steps.filter(slug="day-1").update(enabled=False)
    session = draft(clinic, protocol=protocol)

    complete(session)

    assert set(rows_of(session)) == {"first-night"}


@pytest.mark.parametrize(
    ("where", "why"),
    [("clinic", "clinic_paused"), ("protocol", "protocol_paused"), ("patient", "patient_paused")],
)
def test_pause_holds_what_is_promised(clinic, where, why):
    session = draft(clinic)
    paused = getattr(session, where)
    paused.paused_at = NOW
    paused.save()

    complete(session)

    assert {(row.status, row.why) for row in rows_of(session).values()} == {("held", why)}


def test_missing_consent_holds_what_is_promised(clinic):
    session = draft(
        clinic, patient=factories.patient(clinic, email_consent_at=None, email_consent_version="")
    )

    complete(session)

    assert {(row.status, row.why) for row in rows_of(session).values()} == {("held", "no_consent")}


def test_times_are_those_of_the_patients_own_zone(clinic):
    session = draft(clinic, patient=factories.patient(clinic, time_zone="America/New_York"))

    complete(session)

    assert rows_of(session)["day-1"].send_at == datetime(2026, 3, 29, 13, tzinfo=UTC)  # 09:00 in New York


def test_what_is_due_at_once_wakes_a_worker(django_capture_on_commit_callbacks):
    session = draft(factories.clinic(undo_minutes=0), ended_at=NOW - timedelta(hours=2))

    with django_capture_on_commit_callbacks() as callbacks:
        complete(session)

    assert len(callbacks) == 1


def test_what_is_due_later_wakes_nobody(clinic, django_capture_on_commit_callbacks):
    session = draft(clinic)

    with django_capture_on_commit_callbacks() as callbacks:
        complete(session)

    assert callbacks == []
