"""Who was treated with a lot, and of each whether a message may reach them. Reads only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.addresses import comparable
from aftercare.clinics.models import Clinic, Patient
from aftercare.outbox.models import Suppression
from aftercare.outbox.suppressing import purposes_against
from aftercare.treatments.models import ProductApplied, SessionState, TreatmentSession


class Obstacle(StrEnum):
    """Why a patient cannot be written to, so that somebody has to phone."""

    NO_ADDRESS = "no_address"
    NO_CONSENT = "no_consent"
    SUPPRESSED = "suppressed"
    PAUSED = "paused"

    @property
    def said(self) -> str:
        return str(_SAID[self])


_SAID = {
    Obstacle.NO_ADDRESS: _("No e-mail address"),
    Obstacle.NO_CONSENT: _("No consent to aftercare e-mail"),
    Obstacle.SUPPRESSED: _("The address may not be mailed"),
    Obstacle.PAUSED: _("The patient's messages are paused"),
}


@dataclass(frozen=True)
class Treated:
    """A patient treated with the lot, with the latest such session, and what keeps a message away."""

    patient: Patient
    session: TreatmentSession
    obstacle: Obstacle | None = None


def sessions_with(clinic: Clinic, lot: str) -> QuerySet[TreatmentSession]:
    """The clinic's completed sessions in which a cartridge or a product of the lot was used."""
    wanted = lot.strip()
    used = ProductApplied.objects.filter(session=OuterRef("pk"), lot__iexact=wanted)
    completed = TreatmentSession.objects.filter(clinic=clinic, state=SessionState.COMPLETED)
    return completed.filter(Q(cartridge_lot__iexact=wanted) | Exists(used)) if wanted else completed.none()


def treated_with(clinic: Clinic, lot: str) -> list[Treated]:
    """Every patient treated with the lot, once, by name. Two queries, however many there are."""
    rows = sessions_with(clinic, lot).select_related("patient__clinic", "clinic", "protocol", "practitioner")
    latest: dict[int, TreatmentSession] = {}
    for session in rows.order_by("ended_at", "pk"):
        latest[session.patient_id] = session
    suppressed = _suppressed(clinic, (session.patient for session in latest.values()))
    found = [Treated(one.patient, one, _obstacle(one.patient, suppressed)) for one in latest.values()]
    return sorted(found, key=lambda one: (one.patient.last_name, one.patient.first_name, one.patient.pk))


def reachable(found: Sequence[Treated]) -> list[Treated]:
    return [one for one in found if one.obstacle is None]


def out_of_reach(found: Sequence[Treated]) -> list[Treated]:
    """Those to be phoned."""
    return [one for one in found if one.obstacle is not None]


def _suppressed(clinic: Clinic, patients: Iterable[Patient]) -> set[str]:
    addresses = {comparable(patient.email) for patient in patients}
    rows = Suppression.objects.filter(clinic=clinic, purpose__in=purposes_against(safety_critical=True))
    return addresses & set(rows.values_list("email", flat=True))


def _obstacle(patient: Patient, suppressed: set[str]) -> Obstacle | None:
    obstacles = (
        (not patient.email, Obstacle.NO_ADDRESS),
        (not patient.consents, Obstacle.NO_CONSENT),
        (comparable(patient.email) in suppressed, Obstacle.SUPPRESSED),
        (patient.paused_at is not None, Obstacle.PAUSED),
    )
    return next((one for holds, one in obstacles if holds), None)
