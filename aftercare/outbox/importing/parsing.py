"""From the cells of a row to a patient and a session in memory, checked by the same rules as the form.

The rows a file may name (practitioners, protocols) are loaded once; a row costs no query.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, prefetch_related_objects
from django.utils.translation import gettext as _

from aftercare.clinics.models import Clinic, Patient, Practitioner
from aftercare.outbox.importing import cells
from aftercare.outbox.importing.meanings import label_of
from aftercare.outbox.importing.problems import RawRow, RowProblem
from aftercare.protocols.models import Protocol
from aftercare.treatments.completing import completion_problems
from aftercare.treatments.models import ProductApplied, TreatedArea, TreatmentSession

T = TypeVar("T")
LONGEST_NOTE = 10_000
_TEXTS = ("device", "cartridge_lot", "override_reason", "recovery_note", "notes")


@dataclass
class PersonRow:
    """One good row of patients: an unsaved patient, until it is known who that is."""

    line: int
    patient: Patient

    def take(self, patient: Patient) -> None:
        self.patient = patient


@dataclass
class ParsedRow(PersonRow):
    """One good row of sessions: unsaved rows of the database, tied together in memory."""

    session: TreatmentSession
    areas: list[TreatedArea]
    products: list[ProductApplied]

    def take(self, patient: Patient) -> None:
        self.patient = self.session.patient = patient


class Known:
    """The clinic's practitioners and protocols by what a file may call them."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.protocols = {protocol.slug: protocol for protocol in Protocol.objects.filter(clinic=clinic)}
        for protocol in self.protocols.values():
            protocol.clinic = clinic
        prefetch_related_objects(list(self.protocols.values()), "steps")
        self._people: dict[str, list[Practitioner]] = defaultdict(list)
        for person in Practitioner.objects.filter(clinic=clinic):
            for name in filter(None, {person.name.casefold(), person.licence_number.casefold()}):
                self._people[name].append(person)

    def protocol(self, cell: str) -> Protocol:
        named = [each for each in self.protocols.values() if each.name.casefold() == cell.casefold()]
        found = self.protocols.get(cell) or (named[0] if len(named) == 1 else None)
        if found is None:
            text = _("The clinic has no protocol “%(slug)s”. Its protocols: %(known)s.")
            raise ValueError(text % {"slug": cell[:40], "known": ", ".join(sorted(self.protocols)) or "–"})
        return found

    def practitioner(self, cell: str) -> Practitioner:
        people = self._people.get(cell.casefold(), [])
        if not people:
            text = _("Nobody of the clinic is called “%s”. Write the name or the licence number as stored.")
            raise ValueError(text % cell[:40])
        if len(people) > 1:
            raise ValueError(_("Several people are called “%s”. Write the licence number.") % cell[:40])
        return people[0]


@dataclass
class _Reader:
    """Reads the cells of one row and collects what is wrong, instead of stopping at the first."""

    raw: RawRow
    problems: list[RowProblem] = field(default_factory=list)

    def read(self, column: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(self.raw.cells.get(column, ""))
        except ValueError as error:
            self.say(column, str(error))
            return None

    def needed(self, column: str) -> str:
        cell = self.raw.cells.get(column, "")
        if not cell:
            self.say(column, _("This must not be empty."))
        return cell

    def read_needed(self, column: str, parse: Callable[[str], T]) -> T | None:
        return self.read(column, parse) if self.needed(column) else None

    def text(self, column: str) -> str:
        return self.raw.cells.get(column, "")

    def say(self, column: str, text: str) -> None:
        self.problems.append(RowProblem(self.raw.line, column, text))


def parse_row(raw: RawRow, known: Known, *, now: datetime) -> tuple[ParsedRow | None, list[RowProblem]]:
    """The row, or what is wrong with it, every column at once."""
    if raw.problems:
        return None, raw.problems
    reader = _Reader(raw)
    patient = _patient(reader, known.clinic, now)
    session = _session(reader, known, patient)
    areas = [
        TreatedArea(session=session, site=site, depth_mm=depth, passes=passes)
        for site, depth, passes in reader.read("areas", cells.areas) or []
    ]
    products = [
        ProductApplied(session=session, name=name, lot=lot)
        for name, lot in reader.read("products", cells.products) or []
    ]
    for row in (patient, session, *products):
        _check_lengths(row, reader)
    if not reader.problems:
        _check_completion(session, areas, reader, now)
    parsed = ParsedRow(raw.line, patient, session, areas, products)
    return (None, reader.problems) if reader.problems else (parsed, [])


def parse_person(raw: RawRow, clinic: Clinic, *, now: datetime) -> tuple[PersonRow | None, list[RowProblem]]:
    """The patient, or what is wrong, every column at once."""
    if raw.problems:
        return None, raw.problems
    reader = _Reader(raw)
    patient = _patient(reader, clinic, now)
    _check_lengths(patient, reader)
    return (None, reader.problems) if reader.problems else (PersonRow(raw.line, patient), [])


def _patient(reader: _Reader, clinic: Clinic, now: datetime) -> Patient:
    consent_at = reader.read("email_consent_at", lambda cell: cells.instant_or_day(cell, clinic.time_zone))
    consent_version = reader.text("email_consent_version")
    if bool(reader.text("email_consent_at")) != bool(consent_version):
        given, missing = ("email_consent_version", "email_consent_at")[:: 1 if consent_version else -1]
        reader.say(missing, _("Fill in both, or neither: %s is given.") % label_of(given))
    if consent_at and consent_at > now:
        reader.say("email_consent_at", _("That is in the future. Check the date."))
    born = reader.read("birth_date", cells.day)
    if born and born > now.date():
        reader.say("birth_date", _("That is in the future. Check the date."))
    return Patient(
        clinic=clinic,
        external_id=reader.text("patient_external_id"),
        first_name=reader.needed("first_name"),
        last_name=reader.needed("last_name"),
        email=reader.read_needed("email", cells.address) or "",
        phone=reader.text("phone"),
        birth_date=born,
        locale=reader.read("locale", cells.locale) or "",
        time_zone=reader.read("time_zone", cells.zone_or_none),
        email_consent_at=consent_at,
        email_consent_version=consent_version,
    )


def _session(reader: _Reader, known: Known, patient: Patient) -> TreatmentSession:
    zone, overridden = known.clinic.time_zone, reader.text("override_by")
    variant = reader.read("variant", cells.variant) or ""
    fields: dict[str, Any] = {
        "external_id": reader.needed("external_id"),
        "practitioner": reader.read_needed("practitioner", known.practitioner),
        "protocol": reader.read_needed("protocol", known.protocol),
        "variant": variant,
        "ended_at": reader.read_needed("ended_at", lambda cell: cells.instant(cell, zone)),
        "cartridge_expires_on": reader.read("cartridge_expires_on", cells.day),
        "fitzpatrick": reader.read("fitzpatrick", cells.fitzpatrick),
        "screening": reader.read("screening", lambda cell: cells.screening(cell, variant)) if variant else {},
        "treatment_consent": bool(reader.read("treatment_consent", cells.yes_or_no)),
        "next_visit_on": reader.read("next_visit_on", cells.day),
        "override_by": reader.read("override_by", known.practitioner) if overridden else None,
        **{column: reader.text(column) for column in _TEXTS},
    }
    return TreatmentSession(clinic=known.clinic, patient=patient, **fields)


_COLUMN_OF = {("productapplied", "name"): "products", ("productapplied", "lot"): "products"}


def _check_lengths(row: Model, reader: _Reader) -> None:
    for column in row._meta.concrete_fields:
        value: Any = getattr(row, column.attname)
        longest = column.max_length or LONGEST_NOTE
        if isinstance(value, str) and len(value) > longest:
            name = _COLUMN_OF.get((str(row._meta.model_name), column.name), column.name)
            if name == "external_id" and isinstance(row, Patient):
                name = "patient_external_id"
            text = _("This is %(length)s characters long. At most %(longest)s can be kept.")
            reader.say(name, text % {"length": len(value), "longest": longest})


def _check_completion(
    session: TreatmentSession, areas: list[TreatedArea], reader: _Reader, now: datetime
) -> None:
    for column, texts in completion_problems(session, areas=areas, now=now).items():
        for text in texts:
            reader.say(column, text)
