"""Reports in any order, doubled, judged together or one by one, and replayed, leave the same state."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftercare.followups.models import FollowUpTask
from aftercare.outbox.judging import YOUNG, judge_waiting, replay
from aftercare.outbox.models import DeliveryEvent, ScheduledMessage, Suppression
from aftercare.outbox.reports import TELLING
from tests import factories

pytestmark = pytest.mark.django_db
TYPES = sorted(TELLING)
STATUSES = ["sent", "unconfirmed", "unknown", "failed", "scheduled", "cancelled"]
NUMBERS = range(6)

#: A type, whether for good, the minute it happened in, and whether it names the message's own address.
REPORTS = st.lists(
    st.tuples(st.sampled_from(TYPES), st.sampled_from([True, False, None]), st.integers(0, 9), st.booleans()),
    min_size=1,
    max_size=len(NUMBERS),
)


@pytest.fixture
def message(make_session):
    clinic = factories.clinic()
    patient = factories.patient(clinic, email="amara@example.com")
    message = factories.message(make_session(clinic, patient=patient))
    factories.attempt(message)
    return message


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=REPORTS, status=st.sampled_from(STATUSES), data=st.data())
def test_reports_in_any_order_leave_the_same_state(message, reports, status, data):
    numbered = list(enumerate(reports))
    shuffled = data.draw(st.permutations(numbered))
    pauses = data.draw(st.sets(st.sampled_from(NUMBERS)))

    put(message, status)
    assert state_after(message, numbered, pauses=set()) == state_after(message, shuffled, pauses=pauses)


def state_after(message, numbered, *, pauses):
    """The state after the reports, with a judge's round after those in ``pauses`` and at the end."""
    with transaction.atomic():
        for number, report in numbered:
            store(message, number, report)
            if number in pauses:
                judge_waiting(now=message.latest_at)
        judge_waiting(now=message.latest_at)
        state = final_state()
        replay(DeliveryEvent.objects.all(), now=message.latest_at + YOUNG)
        assert final_state() == state
        transaction.set_rollback(True)
    return state


def put(message, status):
    """Sent for sure, or in some other status and in doubt."""
    sent = status == "sent"
    rows = ScheduledMessage.objects.filter(pk=message.pk)
    rows.update(status=status, in_doubt=not sent, sent_at=message.send_at if sent else None)
    message.attempts.update(outcome="sent" if sent else "unknown")


def store(message, number, report):
    event_type, permanent, minute, theirs = report
    factories.delivery_event(
        message,
        event_type=event_type,
        permanent=permanent,
        happened_at=message.send_at + timedelta(minutes=minute),
        received_at=message.latest_at,
        recipient="amara@example.com" if theirs else "bo@example.com",
        fingerprint=f"{number:064}",
    )


def final_state():
    """All that reports leave behind."""
    fields = ("status", "why", "in_doubt", "sent_at", "delivery", "delivery_at")
    return (
        ScheduledMessage.objects.values(*fields).get(),
        sorted(DeliveryEvent.objects.values_list("fingerprint", "verdict")),
        sorted(Suppression.objects.values_list("email", "purpose")),
        sorted(FollowUpTask.objects.filter(closed_at=None).values_list("cause", flat=True)),
    )
