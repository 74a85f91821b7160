"""What a suppression will stop is not shown as if it were to leave."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.outbox.models import Suppression
from aftercare.outbox.suppressing import reasons_against
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
STOPPED = "Will not be sent: unsubscribed"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic(client):
    clinic = factories.clinic()
    client.force_login(factories.user(clinic, Role.STAFF))
    return clinic


def coming(clinic, *, minutes=30, **over):
    ended_at = NOW - timedelta(hours=3)
    session = factories.treatment_session(clinic, ended_at=ended_at, state="completed", completed_at=ended_at)
    return factories.message(session, send_at=NOW + timedelta(minutes=minutes), **over)


def leave(message, purpose="care", reason="unsubscribed"):
    return Suppression.objects.create(
        clinic=message.clinic, email=message.patient.email, purpose=purpose, reason=reason
    )


def next_to_leave(client):
    return [line.message for line, _patient in client.get("/admin/").context["coming"]]


def test_next_to_leave_are_those_that_will(client, clinic):
    gone = [coming(clinic, minutes=number) for number in range(1, 9)]
    for one in gone:
        leave(one)
    stays = coming(clinic, minutes=20)

    assert next_to_leave(client) == [stays]


def test_next_to_leave_keep_what_the_patient_still_wants(client, clinic):
    routine = coming(clinic, safety_critical=False)
    safe = factories.message(
        routine.session, routine.session.protocol.steps.last(), send_at=routine.send_at, safety_critical=True
    )
    leave(routine, "routine")

    assert next_to_leave(client) == [safe]


@pytest.mark.parametrize(
    "name", ["clinics_patient", "outbox_scheduledmessage", "treatments_treatmentsession"]
)
def test_page_says_that_a_message_will_not_be_sent(client, clinic, name):
    message = coming(clinic)
    row = {"clinics_patient": message.patient, "outbox_scheduledmessage": message}.get(name, message.session)
    leave(message)

    assert STOPPED in client.get(reverse(f"admin:{name}_change", args=[row.pk])).content.decode()


def test_list_says_which_messages_will_not_be_sent(client, clinic):
    leave(coming(clinic))
    coming(clinic)

    assert (
        client.get(reverse("admin:outbox_scheduledmessage_changelist")).content.decode().count(STOPPED) == 1
    )


def test_reason_of_staff_is_said_in_their_words(client, clinic):
    message = coming(clinic)
    leave(message, reason="Asked by phone")

    page = client.get(reverse("admin:clinics_patient_change", args=[message.patient_id])).content.decode()

    assert "Will not be sent: Asked by phone" in page


def test_what_was_sent_or_belongs_to_another_clinic_is_not_marked(clinic, django_assert_num_queries):
    sent, other = coming(clinic, status="sent"), coming(factories.clinic())
    leave(sent)
    Suppression.objects.create(
        clinic=clinic, email=other.patient.email, purpose="care", reason="unsubscribed"
    )

    with django_assert_num_queries(1):
        assert reasons_against([sent, other]) == {}
