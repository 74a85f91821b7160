"""Messages in the statuses the engine works on."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from aftercare.clinics.models import Clinic, Patient, Practitioner, User
from aftercare.content.models import MessageTemplate
from aftercare.outbox.models import ScheduledMessage
from aftercare.protocols.models import Protocol, ProtocolStep
from aftercare.treatments.models import TreatmentSession

SEND_AT = datetime(2026, 3, 28, 14, 30, tzinfo=UTC)


@pytest.fixture
def session(db):
    clinic = Clinic.objects.create(name="Clinic", slug="clinic", phone="1", sender_email="c@example.com")
    patient = Patient.objects.create(clinic=clinic, first_name="A", last_name="B", email="a@example.com")
    practitioner = Practitioner.objects.create(clinic=clinic, name="Dr C")
    protocol = Protocol.objects.create(clinic=clinic, slug="p", name="P", variants=["standard"])
    return TreatmentSession.objects.create(
        clinic=clinic, patient=patient, practitioner=practitioner, protocol=protocol, ended_at=SEND_AT
    )


def _message(session, number, **over):
    template = MessageTemplate.objects.create(clinic=session.clinic, slug=f"t{number}", name="T")
    step = ProtocolStep.objects.create(
        protocol=session.protocol,
        number=number,
        slug=f"s{number}",
        name="S",
        template=template,
        kind="elapsed",
        offset_minutes=60,
        latest_minutes=600,
    )
    fields = {
        "clinic": session.clinic,
        "patient": session.patient,
        "session": session,
        "step": step,
        "planned_at": SEND_AT,
        "send_at": SEND_AT,
        "due_at": SEND_AT,
        "latest_at": SEND_AT + timedelta(hours=8),
    }
    return ScheduledMessage.objects.create(**fields | over)


@pytest.fixture
def scheduled(session):
    return _message(session, 1)


@pytest.fixture
def another(session):
    return _message(session, 2)


@pytest.fixture
def claimed(session):
    lease = SEND_AT + timedelta(minutes=5)
    return _message(session, 3, status="claimed", claim_token=uuid.uuid4(), lease_until=lease)


@pytest.fixture
def claimed_another(session):
    lease = SEND_AT + timedelta(minutes=5)
    return _message(session, 4, status="claimed", claim_token=uuid.uuid4(), lease_until=lease)


@pytest.fixture
def staff(db):
    return User.objects.create(username="staff")
