"""A site's rows for the benchmarks: clinics with the shipped protocol, and messages that fall due."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice

from django.db import connection

from aftercare.clinics.models import Clinic, Patient, Practitioner
from aftercare.content.approval import approve
from aftercare.outbox.clock import database_now
from aftercare.outbox.models import ScheduledMessage
from aftercare.protocols.installing import install
from aftercare.protocols.models import Protocol, ProtocolStep
from aftercare.treatments.models import ProductApplied, SessionState, Site, TreatedArea, TreatmentSession
from tests import factories

BATCH = 1_000
CONSENTED_AT = datetime(2026, 1, 5, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A clinic that can send: its practitioner, its protocol, and the step whose messages are due.

    It is the first evening's, the longest: 25 kB of HTML and text with some thirty values.
    """

    clinic: Clinic
    practitioner: Practitioner
    protocol: Protocol
    step: ProtocolStep


def make_places(count: int) -> list[Place]:
    """Clinics without limits, each with its own copy of the microneedling protocol, approved in English."""
    return [_place() for _ in range(count)]


def make_due(
    places: list[Place],
    count: int,
    *,
    due_at: datetime | None = None,
    spread: timedelta = timedelta(),
    first: int = 0,
) -> None:
    """That many messages, of each place in turn: the first due at ``due_at``, each next one ``spread`` later.

    Without ``due_at`` all have been due for a minute. A patient, a completed session with an area and a
    product for home, and one message each. Patients are numbered from ``first``, their addresses as well.
    """
    due_at = due_at or database_now() - timedelta(minutes=1)
    remaining, number = cycle(places), 0
    while number < count:
        batch = list(islice(remaining, min(BATCH, count - number)))
        _make_batch(batch, first + number, [due_at + spread * (number + n) for n in range(len(batch))])
        number += len(batch)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def forget_messages() -> None:
    """Every message with its tries and history, so that a round begins where the one before it did."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE treatments_treatmentsession, outbox_scheduledmessage CASCADE")
        cursor.execute("VACUUM")


def _place() -> Place:
    clinic = factories.clinic(locale="en-GB", name="Harbour Skin Clinic")
    practitioner = factories.practitioner(clinic)
    protocol = install("microneedling", clinic=clinic)
    for step in protocol.steps.all():
        approve(step.template.versions.get(language="en"), by=practitioner, now=database_now())
    return Place(clinic, practitioner, protocol, protocol.steps.get(number=1))


def _make_batch(places: list[Place], first: int, due: list[datetime]) -> None:
    now = database_now()
    patients = Patient.objects.bulk_create(_patient(place, first + n) for n, place in enumerate(places))
    sessions = TreatmentSession.objects.bulk_create(
        _session(place, patient, now) for place, patient in zip(places, patients, strict=True)
    )
    TreatedArea.objects.bulk_create(
        TreatedArea(session=session, site=Site.FACE, depth_mm=Decimal("0.50"), passes=3)
        for session in sessions
    )
    ProductApplied.objects.bulk_create(
        ProductApplied(session=session, name="Calm Gel", for_home=True) for session in sessions
    )
    ScheduledMessage.objects.bulk_create(
        _message(place, session, at) for place, session, at in zip(places, sessions, due, strict=True)
    )


def _patient(place: Place, number: int) -> Patient:
    return Patient(
        clinic=place.clinic,
        first_name="Amara",
        last_name=f"Lindqvist {number}",
        email=f"amara.{number}@example.com",
        email_consent_version="2026-01",
        email_consent_at=CONSENTED_AT,
    )


def _session(place: Place, patient: Patient, now: datetime) -> TreatmentSession:
    return TreatmentSession(
        clinic=place.clinic,
        patient=patient,
        practitioner=place.practitioner,
        protocol=place.protocol,
        state=SessionState.COMPLETED,
        ended_at=now - timedelta(hours=2),
        completed_at=now - timedelta(hours=2),
        treatment_consent=True,
    )


def _message(place: Place, session: TreatmentSession, send_at: datetime) -> ScheduledMessage:
    return ScheduledMessage(
        clinic=place.clinic,
        patient=session.patient,
        session=session,
        step=place.step,
        safety_critical=place.step.safety_critical,
        planned_at=send_at,
        send_at=send_at,
        latest_at=send_at + timedelta(days=1),
        due_at=send_at,
    )
