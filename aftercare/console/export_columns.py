"""What each list's export says, under the names that an import reads."""

from typing import Any

from aftercare.clinics.models import Patient
from aftercare.console.exporting import Column
from aftercare.console.times import on_clock
from aftercare.treatments.models import TreatmentSession


def _field(name: str) -> Column:
    return name, lambda row: getattr(row, name)


PATIENT_COLUMNS: tuple[Column, ...] = (
    ("clinic", lambda patient: patient.clinic),
    ("patient_external_id", lambda patient: patient.external_id),
    *(_field(name) for name in ("first_name", "last_name", "email", "phone", "birth_date", "locale")),
    ("time_zone", lambda patient: patient.time_zone and patient.time_zone.key),
    _field("email_consent_version"),
    ("email_consent_at", lambda patient: _local(patient, patient.email_consent_at)),
)
SESSION_COLUMNS: tuple[Column, ...] = (
    ("clinic", lambda session: session.clinic),
    _field("external_id"),
    ("patient_external_id", lambda session: session.patient.external_id),
    ("first_name", lambda session: session.patient.first_name),
    ("last_name", lambda session: session.patient.last_name),
    ("email", lambda session: session.patient.email),
    ("practitioner", lambda session: session.practitioner),
    ("protocol", lambda session: session.protocol.slug),
    _field("variant"),
    _field("state"),
    ("ended_at", lambda session: _local(session, session.ended_at)),
    ("areas", lambda session: ";".join(_area(area) for area in session.areas.all())),
    *(_field(name) for name in ("device", "cartridge_lot", "cartridge_expires_on", "cartridge_note")),
    ("products", lambda session: ";".join(_product(each) for each in session.products.all())),
    _field("next_visit_on"),
    _field("notes"),
)


def _local(row: Patient | TreatmentSession, instant: Any) -> Any:
    """On the clinic's clock, with its offset."""
    return instant and on_clock(instant, row.clinic.time_zone)


def _area(area: Any) -> str:
    return f"{area.site}:{area.depth_mm}x{area.passes}"


def _product(product: Any) -> str:
    return f"{product.name}|{product.lot}" if product.lot else product.name
