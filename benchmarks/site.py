"""A site's rows for the benchmarks: clinics with the shipped protocol, its texts approved, and messages due now."""

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

TEXT_BYTES = 24_000
"""Of a message's HTML and plain text together; the first step's shipped text is lengthened to it."""
ADVICE = (
    "Keep the treated skin clean and dry, drink enough water, sleep on a clean pillowcase, and wash your "
    "hands before you touch your face. Ask us when you are not sure.\n\n"
)
PARAGRAPHS = 12
BATCH = 1_000
CONSENTED_AT = datetime(2026, 1, 5, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A clinic that can send: its practitioner, its protocol, and the step whose messages are due."""

    clinic: Clinic
    practitioner: Practitioner
    protocol: Protocol
    step: ProtocolStep


def make_places(count: int) -> list[Place]:
    """Clinics without limits, each with its own copy of the microneedling protocol, approved in English."""
    return [_place() for _ in range(count)]


def make_due(places: list[Place], count: int) -> None:
    """That many messages, due a minute ago in the order they are made, of each place in turn.

    One patient, one completed session and one message each, with an area and a product for home.
    """
    remaining, number = cycle(places), 0
    while number < count:
        batch = list(islice(remaining, min(BATCH, count - number)))
        _make_batch(batch, number)
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
    step = protocol.steps.get(number=1)
    for each in protocol.steps.all():
        draft = each.template.versions.get(language="en")
        if each == step:
            draft.body += "\n\n## More about your skin\n\n" + ADVICE * PARAGRAPHS
            draft.save()
        approve(draft, by=practitioner, now=database_now())
    return Place(clinic, practitioner, protocol, step)


def _make_batch(places: list[Place], first: int) -> None:
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
        _message(place, session, now) for place, session in zip(places, sessions, strict=True)
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


def _message(place: Place, session: TreatmentSession, now: datetime) -> ScheduledMessage:
    send_at = now - timedelta(minutes=1)
    return ScheduledMessage(
        clinic=place.clinic,
        patient=session.patient,
        session=session,
        step=place.step,
        safety_critical=place.step.safety_critical,
        planned_at=send_at,
        send_at=send_at,
        latest_at=now + timedelta(days=1),
        due_at=send_at,
    )
