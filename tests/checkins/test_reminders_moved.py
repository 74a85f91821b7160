"""A reminder goes with its check-in: to a corrected address later, and away when a newer session asks."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.checkins.answering import Given, answer
from aftercare.checkins.reminding import promise_reminders
from aftercare.followups.models import Cause
from aftercare.followups.opening import open_task
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.planning import complete_session, void_session
from aftercare.outbox.readdressing import send_to_new_address
from aftercare.protocols.models import NewerSession
from tests import factories

pytestmark = pytest.mark.django_db
SENT_AT = datetime(2026, 3, 30, 9, 5, tzinfo=UTC)  # a Monday, 10:05 in London
LATER = SENT_AT + timedelta(hours=1)
HALF_A_DAY = timedelta(hours=12)


@pytest.fixture
def asking():
    """Of a clinic without quiet hours."""
    return factories.check_in_sent(factories.clinic(quiet_from="00:00", quiet_until="00:00"), at=SENT_AT)


@pytest.fixture
def reminder(asking):
    promise_reminders(now=SENT_AT)
    return ScheduledMessage.objects.get(step__reminds=asking.step)


def came_back_and_was_corrected(asking):
    owner = factories.user(asking.clinic, "owner")
    ScheduledMessage.objects.filter(pk=asking.pk).update(delivery="bounced", delivery_at=SENT_AT)
    asking.patient.email = "corrected@example.com"
    asking.patient.save()
    return send_to_new_address(asking.patient, [asking.pk], by=owner, now=LATER)


def treated_again(asking):
    old = asking.session
    given = {"patient": old.patient, "protocol": old.protocol, "practitioner": old.practitioner}
    newer = factories.treatment_session(old.clinic, ended_at=SENT_AT, **given)
    complete_session(newer, by=None, now=LATER)
    return newer


def test_check_in_on_its_way_to_the_corrected_address_is_not_reminded_of(asking, reminder):
    assert came_back_and_was_corrected(asking) == 1

    assert promise_reminders(now=LATER) == 0
    reminder.refresh_from_db()
    assert (reminder.status, reminder.why) == (Status.CANCELLED, Why.STAFF_RESENT)


def test_reminder_moves_to_half_a_day_after_the_sending_to_the_corrected_address(asking, reminder):
    came_back_and_was_corrected(asking)
    ScheduledMessage.objects.filter(pk=asking.pk).update(status="sent", sent_at=LATER)

    assert [promise_reminders(now=LATER), promise_reminders(now=LATER)] == [1, 0]

    reminder.refresh_from_db()
    assert (reminder.status, reminder.why) == (Status.SCHEDULED, "")
    assert (reminder.planned_at, reminder.send_at, reminder.due_at) == (LATER + HALF_A_DAY,) * 3


@pytest.mark.parametrize(
    "kept",
    [
        {"status": "sent", "sent_at": SENT_AT + HALF_A_DAY, "delivery": "bounced"},
        {"status": "suppressed"},
        {"status": "failed", "why": Why.REFUSED},
    ],
)
def test_reminder_that_the_wrong_address_kept_goes_again_after_its_check_in(asking, reminder, kept):
    ScheduledMessage.objects.filter(pk=reminder.pk).update(**kept)
    assert promise_reminders(now=LATER) == 0
    came_back_and_was_corrected(asking)
    again = SENT_AT + 2 * HALF_A_DAY
    ScheduledMessage.objects.filter(pk=asking.pk).update(status="sent", sent_at=again)

    assert [promise_reminders(now=again), promise_reminders(now=again)] == [1, 0]

    reminder.refresh_from_db()
    assert (reminder.status, reminder.sent_at, reminder.delivery) == (Status.SCHEDULED, None, "")
    assert reminder.send_at == again + HALF_A_DAY


def test_task_about_a_reminder_that_came_back_ends_when_it_is_promised_anew(asking, reminder):
    ScheduledMessage.objects.filter(pk=reminder.pk).update(status="sent", sent_at=LATER, delivery="bounced")
    bounced = open_task(
        clinic=asking.clinic,
        patient=asking.patient,
        cause=Cause.BOUNCED,
        source=f"message:{reminder.pk}:bounced",
        detail="Reminder",
        now=LATER,
        deadline_at=LATER,
    )
    came_back_and_was_corrected(asking)
    again = SENT_AT + 2 * HALF_A_DAY
    ScheduledMessage.objects.filter(pk=asking.pk).update(status="sent", sent_at=again)

    promise_reminders(now=again)

    bounced.refresh_from_db()
    assert bounced.closed_at == again


def test_newer_session_that_asks_itself_takes_the_older_reminder_over(asking, reminder):
    newer = treated_again(asking)

    reminder.refresh_from_db()
    assert (reminder.status, reminder.superseded_by) == (Status.SUPERSEDED, newer)


def test_newer_session_leaves_the_reminder_of_a_check_in_that_is_kept(asking, reminder):
    asking.session.protocol.steps.update(newer_session=NewerSession.KEEP)

    treated_again(asking)

    reminder.refresh_from_db()
    assert reminder.status == Status.SCHEDULED


def test_no_reminder_is_promised_once_a_newer_session_asks(asking):
    treated_again(asking)

    assert promise_reminders(now=LATER) == 0


def test_voiding_the_newer_session_lets_the_reminder_go_again(asking, reminder):
    void_session(treated_again(asking), reason="Mistake", by=None, now=LATER)

    reminder.refresh_from_db()
    assert (reminder.status, reminder.due_at) == (Status.SCHEDULED, SENT_AT + HALF_A_DAY)


def test_answer_keeps_a_reminder_away_even_when_the_newer_session_is_voided(asking, reminder):
    newer = treated_again(asking)
    answer(asking, Given(answers={"infection": "yes"}), now=LATER)

    void_session(newer, reason="Mistake", by=None, now=LATER)

    reminder.refresh_from_db()
    assert (reminder.status, reminder.why) == (Status.CANCELLED, Why.ANSWERED)
