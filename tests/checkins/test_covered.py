"""Two sessions of one day and one check-in that was sent: the patient is asked for both, or for each."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from aftercare.checkins.reminding import promise_reminders
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.planning import complete_session
from aftercare.treatments.screening import all_clear
from tests import factories

pytestmark = pytest.mark.django_db
SENT_AT = datetime(2026, 3, 30, 9, 5, tzinfo=UTC)  # a Monday, two days after the treatments
LATER = SENT_AT + timedelta(hours=1)


@pytest.fixture
def asking():
    """A check-in that has come, of a clinic without quiet hours."""
    sent = factories.check_in_sent(factories.clinic(quiet_from="00:00", quiet_until="00:00"), at=SENT_AT)
    factories.attempt(sent)
    return sent


def second_of_the_day(asking, *, hours=2, depth=Decimal("0.80"), **over):
    """Entered after the check-in of the first was sent; returns its own check-in."""
    first = asking.session
    given = {"patient": first.patient, "protocol": first.protocol, "practitioner": first.practitioner}
    given |= {"ended_at": first.ended_at + timedelta(hours=hours)}
    second = factories.treatment_session(first.clinic, **given, **over)
    second.areas.update(depth_mm=depth)
    complete_session(second, by=None, now=LATER)
    return second.scheduled_messages.get(step=asking.step)


def test_one_check_in_asks_for_two_treatments_alike(asking):
    row = second_of_the_day(asking)

    assert (row.why, row.superseded_by) == ("already_sent", asking.session)


def test_check_in_that_asks_for_both_is_reminded_of(asking):
    second_of_the_day(asking)

    assert promise_reminders(now=LATER) == 1


def test_reminder_stays_when_a_further_session_is_covered(asking):
    promise_reminders(now=SENT_AT)

    second_of_the_day(asking)

    assert ScheduledMessage.objects.get(step__reminds=asking.step).status == Status.SCHEDULED


@pytest.mark.parametrize(
    "other",
    [
        {"depth": Decimal("0.30")},
        {"screening": {**all_clear("standard"), "diabetes": "yes"}},
        {"hours": -2},
    ],
)
def test_treatment_whose_answers_are_weighed_otherwise_is_not_covered(asking, other):
    assert second_of_the_day(asking, **other).why != "already_sent"
