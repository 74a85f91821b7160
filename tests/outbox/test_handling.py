"""What staff do with one message."""

from datetime import timedelta

import pytest

from aftercare.followups.models import Cause, FollowUpTask
from aftercare.followups.opening import open_task
from aftercare.outbox.handling import cancel_message, confirm_arrived, send_again, send_now
from aftercare.outbox.models import Attempt, ScheduledMessage, StatusChange
from aftercare.outbox.planning import replan_session, void_session
from aftercare.outbox.refusing import Refused
from tests import factories
from tests.outbox.sessions import NOW, ONE_HOUR, UNDO, complete, draft, rows_of

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=30)
OPERATIONS = [cancel_message, send_now, confirm_arrived, send_again]


@pytest.fixture
def session():
    session = draft(factories.clinic())
    complete(session)
    return session


@pytest.fixture
def message(session):
    return rows_of(session)["first-night"]


@pytest.fixture
def staff(session):
    return factories.user(session.clinic)


def _do(operation, message, staff, now=LATER, reason="The patient asked."):
    operation(message, reason=reason, by=staff, now=now)
    message.refresh_from_db()


def _put(message, status, **fields):
    ScheduledMessage.objects.filter(pk=message.pk).update(status=status, **fields)
    message.refresh_from_db()


def _task(message, cause):
    return open_task(
        clinic=message.clinic,
        patient=message.patient,
        cause=cause,
        source=f"message:{message.pk}:{cause}",
        detail="",
        now=NOW,
        deadline_at=NOW,
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_asks_for_a_reason(operation, message, staff):
    with pytest.raises(Refused) as refused:
        _do(operation, message, staff, reason="  ")

    assert list(refused.value.problems) == ["reason"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_refuses_a_reason_too_long_to_keep(operation, message, staff):
    with pytest.raises(Refused, match="300"):
        _do(operation, message, staff, reason="x" * 301)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_refuses_what_was_sent(operation, message, staff):
    _put(message, "sent", sent_at=ONE_HOUR)

    with pytest.raises(Refused, match="Its status: Sent"):
        _do(operation, message, staff)


@pytest.mark.parametrize("status", ["scheduled", "held"])
def test_cancel_keeps_reason_and_who(message, staff, status):
    _put(message, status)

    _do(cancel_message, message, staff)

    assert (message.status, message.why, message.why_detail) == (
        "cancelled",
        "by_staff",
        "The patient asked.",
    )
    line = StatusChange.objects.last()
    assert (line.from_status, line.actor, line.at) == (status, staff, LATER)


def test_cancel_takes_a_claimed_message_back_from_its_worker(message, staff):
    _put(message, "claimed", claim_token=message.pk, lease_until=ONE_HOUR)

    _do(cancel_message, message, staff)

    assert (message.status, message.claim_token) == ("cancelled", None)


def test_cancel_twice_keeps_the_first_reason(message, staff):
    _do(cancel_message, message, staff)

    _do(cancel_message, message, staff, reason="Another.")

    assert message.why_detail == "The patient asked."


def test_cancelled_message_stays_cancelled_when_the_session_is_edited(session, message, staff):
    _do(cancel_message, message, staff)

    replan_session(session, by=None, now=LATER)

    assert rows_of(session)["first-night"].status == "cancelled"


def test_send_now_makes_it_due_and_says_by_whom(message, staff, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as wake_ups:
        _do(send_now, message, staff)

    assert (message.status, message.send_at, message.due_at) == ("scheduled", LATER, LATER)
    assert message.moved_by == ["by_staff"]
    assert (StatusChange.objects.last().actor, StatusChange.objects.last().detail) == (
        staff,
        "The patient asked.",
    )
    assert len(wake_ups) == 1


def test_send_now_waits_for_the_undo_time(message, staff):
    _do(send_now, message, staff, now=NOW + timedelta(minutes=1))

    assert message.due_at == NOW + UNDO


def test_send_now_twice_leaves_one_line(message, staff):
    _do(send_now, message, staff, now=NOW + timedelta(minutes=1))
    lines = StatusChange.objects.count()

    _do(send_now, message, staff, now=NOW + timedelta(minutes=2))

    assert StatusChange.objects.count() == lines


def test_send_now_survives_an_edit_of_the_session(session, message, staff):
    _do(send_now, message, staff)

    replan_session(session, by=None, now=LATER)

    assert rows_of(session)["first-night"].send_at == LATER


def test_send_now_of_a_held_message_says_what_holds_it(message, staff):
    _put(message, "held", why="no_consent")

    with pytest.raises(Refused, match="has not consented"):
        _do(send_now, message, staff)


def test_send_now_after_the_window_is_refused(message, staff):
    with pytest.raises(Refused, match="Call the patient"):
        _do(send_now, message, staff, now=NOW + timedelta(hours=5))


def test_send_now_of_a_voided_session_is_refused(session, message, staff):
    void_session(session, reason="A slip.", by=None, now=NOW)
    _put(message, "scheduled")

    with pytest.raises(Refused, match="not completed"):
        _do(send_now, message, staff)


@pytest.mark.parametrize("status", ["unknown", "unconfirmed"])
def test_confirm_arrived_makes_it_sent_and_takes_the_task_back(message, staff, status):
    _put(message, status, why="answer_lost")
    _task(message, Cause.UNCONFIRMED)

    _do(confirm_arrived, message, staff)

    assert (message.status, message.why, message.sent_at) == ("sent", "staff_confirmed", LATER)
    assert FollowUpTask.objects.get().closed_at == LATER


def test_confirm_arrived_dates_it_by_the_last_try(message, staff):
    _put(message, "unconfirmed", attempt_count=1)
    version = message.step.template.versions.get()
    compiled = version.compiled.create(subject="s", html="h", text="t", digest="d", brand_digest="b")
    Attempt.objects.create(
        message=message,
        number=1,
        outcome="unknown",
        opened_at=ONE_HOUR,
        closed_at=ONE_HOUR,
        provider="smtp",
        compiled=compiled,
        values={},
        headers={},
        digest="d",
    )

    _do(confirm_arrived, message, staff, now=ONE_HOUR + timedelta(hours=1))

    assert message.sent_at == ONE_HOUR


def test_confirm_arrived_twice_changes_nothing(message, staff):
    _put(message, "unconfirmed")
    _do(confirm_arrived, message, staff)
    lines = StatusChange.objects.count()

    _do(confirm_arrived, message, staff, now=LATER + timedelta(hours=1))

    assert (StatusChange.objects.count(), message.sent_at) == (lines, LATER)


@pytest.mark.parametrize(("status", "cause"), [("failed", "failed"), ("unconfirmed", "unconfirmed")])
def test_send_again_promises_it_once_more_and_takes_the_task_back(message, staff, status, cause):
    _put(message, status, attempt_count=1)
    _task(message, cause)

    _do(send_again, message, staff)

    assert (message.status, message.why, message.due_at) == ("scheduled", "staff_resent", LATER)
    assert FollowUpTask.objects.get().closed_at == LATER


def test_send_again_twice_sends_once(message, staff):
    _put(message, "failed")
    _do(send_again, message, staff)
    lines = StatusChange.objects.count()

    _do(send_again, message, staff, now=LATER + timedelta(minutes=1))

    assert (StatusChange.objects.count(), message.due_at) == (lines, LATER)


def test_send_again_after_the_window_is_refused(message, staff):
    _put(message, "failed")

    with pytest.raises(Refused, match="Call the patient"):
        _do(send_again, message, staff, now=NOW + timedelta(hours=5))


@pytest.mark.parametrize("status", ["missed", "suppressed", "cancelled"])
def test_send_again_of_what_was_never_tried_is_refused(message, staff, status):
    _put(message, status)

    with pytest.raises(Refused, match="cannot be sent again"):
        _do(send_again, message, staff)


def test_message_that_moves_on_meanwhile_is_refused_and_unchanged(message, staff, monkeypatch):
    monkeypatch.setattr("aftercare.outbox.handling.move", lambda *args, **fields: False)

    with pytest.raises(Refused, match="just moved on"):
        _do(cancel_message, message, staff)

    message.refresh_from_db()
    assert message.status == "scheduled"
