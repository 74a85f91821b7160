"""Editing a completed session: which messages move, stop or start, and which never do."""

from datetime import time, timedelta

import pytest

from aftercare.followups.models import FollowUpTask
from aftercare.outbox.models import ScheduledMessage, StatusChange
from aftercare.outbox.planning import Refused, replan_session
from aftercare.protocols.models import ProtocolStep
from tests import factories
from tests.factories import ELAPSED, ENDED_AT, WALL_TIME
from tests.outbox.sessions import NEXT_MORNING, NOW, ONE_HOUR, complete, draft, move, rows_of, snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def staff(clinic):
    return factories.user(clinic)


def test_replanning_an_unchanged_session_changes_nothing(clinic):
    session = draft(clinic)
    complete(session)
    before = snapshot(session)

    replan_session(session, by=None, now=NOW + timedelta(minutes=30))

    assert snapshot(session) == before
    assert StatusChange.objects.count() == 2


def test_replanning_what_is_due_leaves_it_to_the_engine(clinic):
    session = draft(clinic, ended_at=NOW - timedelta(hours=2))
    complete(session)
    before = snapshot(session)

    replan_session(session, by=None, now=NOW + timedelta(minutes=30))

    assert snapshot(session) == before


def test_moving_a_session_moves_its_messages_and_says_so(clinic, staff):
    session = draft(clinic)
    complete(session)

    move(session, ended_at=ENDED_AT - timedelta(minutes=30))
    replan_session(session, by=staff, now=NOW + timedelta(minutes=1))

    assert rows_of(session)["first-night"].send_at == ONE_HOUR - timedelta(minutes=30)
    line = StatusChange.objects.last()
    assert (line.from_status, line.to_status, line.actor) == ("scheduled", "scheduled", staff)


def test_moving_a_session_past_a_window_misses_it_and_tells_staff(clinic):
    session = draft(clinic)
    complete(session)

    move(session, ended_at=ENDED_AT - timedelta(hours=10))
    replan_session(session, by=None, now=NOW + timedelta(minutes=1))

    row = rows_of(session)["first-night"]
    assert (row.status, row.why) == ("missed", "entered_late")
    assert FollowUpTask.objects.get().source == f"session:{session.pk}:late_entry"


def test_correcting_a_late_entry_promises_again_and_takes_the_task_back(clinic):
    session = draft(clinic, ended_at=ENDED_AT - timedelta(days=1))
    complete(session)
    assert rows_of(session)["first-night"].status == "missed"

    move(session, ended_at=ENDED_AT)
    replan_session(session, by=None, now=NOW + timedelta(minutes=1))

    assert (rows_of(session)["first-night"].status, rows_of(session)["first-night"].send_at) == (
        "scheduled",
        ONE_HOUR,
    )
    assert FollowUpTask.objects.get().closed_at is not None


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("sent", ""),
        ("failed", "refused"),
        ("unconfirmed", "answer_lost"),
        ("unknown", "answer_lost"),
        ("suppressed", "suppressed_address"),
        ("missed", "window_passed"),
        ("cancelled", "by_staff"),
    ],
)
def test_moving_a_session_never_touches_what_has_ended(clinic, status, why):
    session = draft(clinic)
    complete(session)
    sent_at = NOW if status == "sent" else None
    session.scheduled_messages.update(status=status, why=why, sent_at=sent_at)
    before = snapshot(session)

    move(session, ended_at=ENDED_AT - timedelta(minutes=30))
    replan_session(session, by=None, now=NOW + timedelta(minutes=1))

    assert snapshot(session) == before


def test_moving_a_session_takes_a_claimed_message_back_from_its_worker(clinic):
    session = draft(clinic)
    complete(session)
    row = rows_of(session)["first-night"]
    lease = {"claim_token": row.pk, "lease_until": NOW + timedelta(hours=2)}
    ScheduledMessage.objects.filter(pk=row.pk).update(status="claimed", **lease)

    move(session, ended_at=ENDED_AT - timedelta(minutes=30))
    replan_session(session, by=None, now=NOW + timedelta(minutes=1))

    row.refresh_from_db()
    assert (row.status, row.claim_token) == ("scheduled", None)


def test_edit_that_moves_nothing_leaves_a_claimed_message_to_its_worker(clinic):
    session = draft(clinic)
    complete(session)
    row = rows_of(session)["first-night"]
    lease = {"claim_token": row.pk, "lease_until": NOW + timedelta(hours=2)}
    ScheduledMessage.objects.filter(pk=row.pk).update(status="claimed", **lease)

    replan_session(session, by=None, now=NOW + timedelta(minutes=1))

    row.refresh_from_db()
    assert (row.status, row.claim_token) == ("claimed", row.pk)


def test_retry_keeps_its_pause_when_the_session_is_edited(clinic):
    session = draft(clinic)
    complete(session)
    later = ONE_HOUR + timedelta(minutes=20)
    session.scheduled_messages.filter(step__slug="first-night").update(
        attempt_count=1, due_at=later, why="waiting_to_retry"
    )

    replan_session(session, by=None, now=ONE_HOUR + timedelta(minutes=5))

    assert rows_of(session)["first-night"].due_at == later


def test_disabling_a_step_cancels_its_message_and_enabling_it_promises_again(clinic):
    session = draft(clinic)
    complete(session)
    step = ProtocolStep.objects.filter(slug="day-1")

    step.update(enabled=False)
    replan_session(session, by=None, now=NOW)
    cancelled = rows_of(session)["day-1"]
    step.update(enabled=True)
    replan_session(session, by=None, now=NOW)

    assert (cancelled.status, cancelled.why) == ("cancelled", "step_disabled")
    assert (rows_of(session)["day-1"].status, rows_of(session)["day-1"].why) == ("scheduled", "")


def test_step_added_later_reaches_running_sessions_but_makes_none_late(clinic):
    session = draft(clinic)
    complete(session)
    add = {"protocol": session.protocol, "template": factories.template(clinic)}
    factories.step(**add, **{**WALL_TIME, "slug": "day-5", "number": 8, "day": 5, "latest_day": 5})
    factories.step(
        **add, **{**ELAPSED, "slug": "at-once", "number": 9, "offset_minutes": 0, "latest_minutes": 5}
    )

    replan_session(session, by=None, now=NOW + timedelta(hours=1))

    assert "day-5" in rows_of(session)
    assert "at-once" not in rows_of(session)
    assert not FollowUpTask.objects.exists()


def test_replanning_a_draft_promises_nothing(clinic):
    session = draft(clinic)

    assert replan_session(session, by=None, now=NOW) == []


def test_edit_that_may_not_be_completed_is_refused(clinic):
    session = draft(clinic)
    complete(session)
    move(session, treatment_consent=False)

    with pytest.raises(Refused) as refused:
        replan_session(session, by=None, now=NOW)

    assert list(refused.value.problems) == ["treatment_consent"]


@pytest.mark.parametrize("field", ["patient", "protocol"])
def test_giving_a_completed_session_another_patient_or_protocol_is_refused(clinic, field):
    session = draft(clinic)
    complete(session)
    move(session, **{field: getattr(factories, field)(clinic)})

    with pytest.raises(Refused, match="record it anew") as refused:
        replan_session(session, by=None, now=NOW)

    assert list(refused.value.problems) == [field]


def test_recorded_consent_releases_what_it_held(clinic):
    patient = factories.patient(clinic, email_consent_at=None, email_consent_version="")
    session = draft(clinic, patient=patient)
    complete(session)

    patient.email_consent_at, patient.email_consent_version = NOW, "2026-01"
    patient.save()
    replan_session(session, by=None, now=NOW + timedelta(hours=2))

    row = rows_of(session)["first-night"]
    assert (row.status, row.why, row.due_at) == ("scheduled", "", NOW + timedelta(hours=2))


def test_window_that_passed_while_held_is_missed_with_a_task_of_its_own(clinic):
    patient = factories.patient(clinic, email_consent_at=None, email_consent_version="")
    session = draft(clinic, patient=patient)
    complete(session)

    patient.email_consent_at, patient.email_consent_version = NOW, "2026-01"
    patient.save()
    replan_session(session, by=None, now=NOW + timedelta(hours=5))

    row = rows_of(session)["first-night"]
    assert (row.status, row.why) == ("missed", "window_passed")
    assert FollowUpTask.objects.get().source == f"message:{row.pk}:missed"


def test_changed_quiet_hours_move_what_has_not_left():
    step = {**WALL_TIME, "local_time": time(9)}
    clinic = factories.clinic()
    session = draft(clinic, protocol=factories.protocol(clinic, steps=(step,)))
    complete(session)

    clinic.quiet_until = time(10)
    clinic.save()
    replan_session(session, by=None, now=NOW)

    assert rows_of(session)["day-1"].send_at == NEXT_MORNING + timedelta(hours=1)
