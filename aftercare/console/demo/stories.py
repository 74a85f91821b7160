"""What has happened in the demo's clinics, played through the operations that staff use, at times gone by."""

from datetime import datetime, timedelta
from decimal import Decimal

from aftercare.clinics.models import Clinic, Patient, Practitioner, Role
from aftercare.console.demo.cast import STORIES, DemoClinic, Person, Story, Visit
from aftercare.console.demo.clinics import PROTOCOL, user_of
from aftercare.outbox.pausing import pause_patient
from aftercare.outbox.planning import complete_session, void_session
from aftercare.protocols.models import Protocol, Variant
from aftercare.treatments.depth import DepthBand, band_of
from aftercare.treatments.favouring import save_favourite, suggested_name
from aftercare.treatments.models import ProductApplied, TreatedArea, TreatmentSession
from aftercare.treatments.screening import all_clear
from aftercare.treatments.setups import newest

CONSENT_VERSION = "2026-01"


def play(cast: DemoClinic, clinic: Clinic, *, now: datetime) -> None:
    """Gives every patient their story; those who have had theirs are left as they are."""
    for number, (person, story) in enumerate(zip(cast.patients, STORIES, strict=True), start=1):
        if not Patient.objects.filter(clinic=clinic, external_id=f"demo-{number}").exists():
            patient = _patient(clinic, person, story, number=number, now=now)
            _play(story, patient, cast, now=now)
            if number == 1:
                _keep_a_favourite(patient, now=now)


def _patient(clinic: Clinic, person: Person, story: Story, *, number: int, now: datetime) -> Patient:
    consent = {
        "email_consent_version": CONSENT_VERSION,
        "email_consent_at": now - story.visits[0].ended_ago - timedelta(hours=1),
    }
    return Patient.objects.create(
        clinic=clinic,
        external_id=f"demo-{number}",
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        **{"phone": f"{clinic.phone[:-2]}{number:02}", **person.own},
        **(consent if story.consents else {}),
    )


def _play(story: Story, patient: Patient, cast: DemoClinic, *, now: datetime) -> None:
    staff = user_of(patient.clinic, Role.STAFF)
    for visit in story.visits:
        session = _session(visit, patient, cast, now=now)
        if visit.completed_ago is not None:
            complete_session(session, by=staff, now=now - visit.completed_ago, historical=visit.historical)
    if story.paused:
        pause_patient(patient, reason=cast.why_paused, by=staff, now=now)
    if story.voided:
        void_session(session, reason=cast.why_voided, by=staff, now=now)


def _keep_a_favourite(patient: Patient, *, now: datetime) -> None:
    session = newest(TreatmentSession.objects.filter(patient=patient))
    if session is not None:
        save_favourite(session, name=suggested_name(session), now=now)


def _session(visit: Visit, patient: Patient, cast: DemoClinic, *, now: datetime) -> TreatmentSession:
    ended_at = now - visit.ended_ago
    session = TreatmentSession.objects.create(
        clinic=patient.clinic,
        patient=patient,
        practitioner=Practitioner.objects.get(clinic=patient.clinic, name=cast.clinician[0]),
        protocol=Protocol.objects.get(clinic=patient.clinic, slug=PROTOCOL),
        ended_at=ended_at,
        device="Demo Pen 3",
        cartridge_lot="DEMO-0426",
        cartridge_expires_on=(ended_at + timedelta(days=300)).date(),
        fitzpatrick=3,
        screening=all_clear(Variant.STANDARD),
        treatment_consent=True,
        recovery_note=cast.recovery_note if _deep(visit) else "",
        next_visit_on=(ended_at + timedelta(days=28)).date(),
    )
    for site, depth in visit.areas:
        TreatedArea.objects.create(session=session, site=site, depth_mm=Decimal(depth), passes=3)
    ProductApplied.objects.create(session=session, name=cast.product, lot="DEMO-77", for_home=True)
    return session


def _deep(visit: Visit) -> bool:
    return band_of(Decimal(depth) for _site, depth in visit.areas) is DepthBand.DEEP
