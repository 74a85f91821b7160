"""What others get wrong: answers without an id, rows changed behind the application's back."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from aftercare.clinics.models import Patient
from aftercare.content.models import MessageTemplate
from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.sending import drain
from aftercare.treatments.models import TreatmentSession
from config.environment import Environment
from config.mail import mail_settings
from tests.services.provider import ProviderServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings):
    """A mail provider on loopback, by its kind, set up as a deployment would be."""
    started = []

    def start(kind):
        started.append(ProviderServer(kind))
        environment = Environment({"DATABASE_URL": "postgres://db/aftercare", **started[-1].environ()})
        for name, value in mail_settings(environment, Path("/nowhere"), seconds=2).items():
            setattr(settings, name, value)
        settings.ANYMAIL_REQUESTS_TIMEOUT = (2, 2)
        return started[-1]

    yield start
    for server in started:
        server.close()


def statuses():
    return sorted(ScheduledMessage.objects.values_list("status", flat=True))


@pytest.mark.parametrize("kind", ["resend", "brevo", "postmark"])
def test_answer_without_the_providers_id_is_never_followed_by_a_second_copy(at, service, scheduled, kind):
    server = service(kind)
    server.misbehave("no id", times=1)

    for _ in range(3):
        drain(deadline=at.now + timedelta(minutes=1))
        at.pass_(minutes=20)

    assert server.copies() == {str(scheduled.pk): 1}
    assert statuses()[0] in {"sent", "unknown", "unconfirmed"}


def deleted(model, pk):
    """As by hand in the database, past every rule of the application."""
    table = connection.ops.quote_name(model._meta.db_table)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE id = %s", [model._meta.pk.get_db_prep_value(pk, connection)]
        )
        connection.check_constraints()


@pytest.mark.parametrize(
    ("model", "whose"),
    [
        (Patient, lambda message: message.patient_id),
        (TreatmentSession, lambda message: message.session_id),
        (MessageTemplate, lambda message: message.step.template_id),
    ],
)
def test_database_itself_refuses_to_delete_what_a_stored_message_needs(at, provider, scheduled, model, whose):
    with pytest.raises(IntegrityError):
        deleted(model, whose(scheduled))

    drain(deadline=at.now + timedelta(minutes=1))
    assert statuses() == ["sent"]


@pytest.mark.parametrize("column", ["email", "first_name"])
def test_line_break_put_into_the_table_costs_at_most_its_own_message(at, provider, make_message, column):
    victim, *others = [make_message() for _ in range(4)]
    value = "amara@example.com\r\nBcc: all@example.com"
    Patient.objects.filter(pk=victim.patient_id).update(**{column: value})

    drain(deadline=at.now + timedelta(minutes=1))

    sent = ScheduledMessage.objects.filter(pk__in=[message.pk for message in others], status="sent")
    assert sent.count() == len(others)
    assert all("Bcc" not in email.message() for email in provider.taken)


def test_address_with_a_line_break_is_set_aside_and_says_why(at, provider, make_message):
    victim = make_message()
    Patient.objects.filter(pk=victim.patient_id).update(email="amara@example.com\nBcc: all@example.com")

    drain(deadline=at.now + timedelta(minutes=1))

    victim.refresh_from_db()
    assert (victim.status, victim.why) == ("failed", "cannot_compose")
    assert provider.taken == []
