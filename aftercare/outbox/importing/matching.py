"""Telling what a file says from what is stored: which sessions are new, and whose they are.

What is stored always wins: a row that says otherwise about a stored session is listed and not taken in.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from aftercare.clinics.addresses import comparable
from aftercare.clinics.models import Clinic, Patient
from aftercare.outbox.importing.doubles import likely_doubles
from aftercare.outbox.importing.meanings import label_of
from aftercare.outbox.importing.parsing import ParsedRow, PersonRow
from aftercare.outbox.importing.problems import RowProblem
from aftercare.outbox.importing.slicing import in_chunks
from aftercare.treatments.models import SessionState, TreatmentSession

Identity = tuple[str, str, str]

_SESSION_FIELDS = (
    "practitioner_id",
    "protocol_id",
    "variant",
    "ended_at",
    "device",
    "cartridge_lot",
    "cartridge_expires_on",
    "fitzpatrick",
    "screening",
    "override_by_id",
    "override_reason",
    "treatment_consent",
    "recovery_note",
    "next_visit_on",
    "notes",
)
_SAME_PERSON = ("first_name", "last_name", "birth_date")
_MAY_HAVE_CHANGED = (
    "email",
    "phone",
    "locale",
    "time_zone",
    "email_consent_version",
    "email_consent_at",
)


@dataclass
class Matched:
    """The rows to store, and what is said about the others.

    ``conflicts`` differ from the stored session; ``doubles`` are most likely treatments that are stored, or
    stand further up, under another id: they are not in ``new``. ``repeated`` say what a row further up says.
    ``kept`` are stored patients' details that the file has otherwise: their rows are stored, the details
    stay. ``adopted`` are stored patients who get the file's id, from rows that are stored or were already.
    """

    new: list[ParsedRow] = field(default_factory=list)
    unchanged: int = 0
    adopted: list[Patient] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    conflicts: list[RowProblem] = field(default_factory=list)
    doubles: list[RowProblem] = field(default_factory=list)
    repeated: list[RowProblem] = field(default_factory=list)
    kept: list[RowProblem] = field(default_factory=list)


def match(rows: Sequence[ParsedRow], *, clinic: Clinic, take_doubles: bool = False) -> Matched:
    """Sorts the rows, and gives each its patient: the stored one, else one that the file's rows share.

    ``take_doubles``: what looks like a double is another treatment, and new.
    """
    matched, people, taken = Matched(), People(rows, clinic), set[int]()
    stored, firsts = _stored_sessions(rows, clinic), dict[str, ParsedRow]()
    for row in rows:
        first = firsts.setdefault(row.session.external_id, row)
        if not people.settle(row, matched):
            continue
        if first is not row:
            _note_again(row, first, matched)
        elif session := stored.get(row.session.external_id):
            if _is_unchanged(row, session, matched):
                taken.add(row.line)
        else:
            matched.new.append(row)
    if not take_doubles:
        _leave_out_doubles(matched, clinic)
    matched.adopted = people.adopt(taken.union(row.line for row in matched.new))
    return matched


def _note_again(row: ParsedRow, first: ParsedRow, matched: Matched) -> None:
    """The id of a row further up: the same session twice, or two sessions with one id."""
    if _says_the_same(row, first):
        matched.repeated.append(doubled(row.line, first.line, "external_id"))
        return
    text = _("Line %s has this session id already, for another session. Give each session its own.")
    matched.problems.append(RowProblem(row.line, "external_id", text % first.line))


def doubled(line: int, first: int, column: str) -> RowProblem:
    return RowProblem(line, column, _("Doubled in this file: see line %s. It is stored once.") % first)


def _leave_out_doubles(matched: Matched, clinic: Clinic) -> None:
    matched.doubles = likely_doubles(matched.new, clinic)
    lines = {double.line for double in matched.doubles}
    matched.new = [row for row in matched.new if row.line not in lines]


class People:
    """The patients there are, by the id other systems give them and by name and address."""

    def __init__(self, rows: Sequence[PersonRow], clinic: Clinic) -> None:
        self.by_id: dict[str, Patient] = {}
        self.by_identity: dict[Identity, list[Patient]] = defaultdict(list)
        self._naming: dict[str, set[int]] = defaultdict(set)
        self._unnamed: dict[str, Patient] = {}
        self.lines: dict[int, int] = {}
        for ids in in_chunks({row.patient.external_id for row in rows if row.patient.external_id}):
            for patient in Patient.objects.filter(clinic=clinic, external_id__in=ids):
                self._add(patient, clinic)
        addresses = {comparable(row.patient.email) for row in rows}
        for keys in in_chunks(_with_addresses(addresses, clinic)):
            for patient in Patient.objects.filter(pk__in=keys):
                if patient.external_id not in self.by_id:
                    self._add(patient, clinic)

    def settle(self, row: PersonRow, matched: Matched) -> bool:
        """Gives the row its patient. False, with the problem noted, if it cannot be told who that is."""
        patient, external_id = self._find(row, matched), row.patient.external_id
        if patient is None:
            return False
        if patient is not row.patient:
            if not self._agree(row, patient, matched):
                return False
            row.take(patient)
        if external_id:
            self._name(patient, external_id, row.line)
        return True

    def adopt(self, lines: Set[int]) -> list[Patient]:
        """The stored patients to whom the rows on these lines give an id; what the others gave is undone."""
        adopted = []
        for external_id, patient in self._unnamed.items():
            if self._naming[external_id].isdisjoint(lines):
                patient.external_id = ""
            elif patient.pk is not None:
                adopted.append(patient)
        return adopted

    def _name(self, patient: Patient, external_id: str, line: int) -> None:
        """The row calls the patient by this id; one who had none bears it from here on."""
        self._naming[external_id].add(line)
        if not patient.external_id:
            patient.external_id = external_id
            self.by_id[external_id] = self._unnamed[external_id] = patient

    def _find(self, row: PersonRow, matched: Matched) -> Patient | None:
        """The patient with the row's id, else the only one of its name and address: the row's own if new."""
        given = row.patient
        if given.external_id and given.external_id in self.by_id:
            return self.by_id[given.external_id]
        named = self.by_identity[_identity(given)]
        if given.external_id:
            named = [patient for patient in named if not patient.external_id]
        if len(named) > 1:
            text = _("Several patients have this name and address. Give the patient's id.")
            matched.problems.append(RowProblem(row.line, "email", text))
            return None
        if not named:
            self.lines[id(given)] = row.line
            self._add(given, given.clinic)
            return given
        return named[0]

    def _agree(self, row: PersonRow, patient: Patient, matched: Matched) -> bool:
        """Whether it can be the same person; details that differ are kept as they are, and listed."""
        where = self._where(patient)
        if differing := [name for name in _SAME_PERSON if _differs(row.patient, patient, name)]:
            text = _("This patient is another person %s. Check the patient's id.") % where
            matched.problems.append(RowProblem(row.line, differing[0], text))
            return False
        for name in _MAY_HAVE_CHANGED:
            if _differs(row.patient, patient, name):
                text = _("Kept as it is %s. Change it on the patient's page.") % where
                matched.kept.append(RowProblem(row.line, name, text))
        return True

    def _where(self, patient: Patient) -> str:
        line = self.lines.get(id(patient))
        return _("on line %s") % line if line else _("as stored")

    def _add(self, patient: Patient, clinic: Clinic) -> None:
        patient.clinic = clinic
        self.by_identity[_identity(patient)].append(patient)
        if patient.external_id:
            self.by_id[patient.external_id] = patient


def _with_addresses(addresses: set[str], clinic: Clinic) -> list[int]:
    """The clinic's patients with one of these addresses, compared as :func:`comparable` says."""
    stored = Patient.objects.filter(clinic=clinic).values_list("pk", "email")
    return [pk for pk, email in stored.iterator() if comparable(email) in addresses]


def _identity(patient: Patient) -> Identity:
    return comparable(patient.email), patient.first_name.casefold(), patient.last_name.casefold()


def _differs(given: Patient, known: Patient, name: str) -> bool:
    """Whether the file says something, and something else. Case is no difference."""
    said, stored = getattr(given, name), getattr(known, name)
    if isinstance(said, str):
        return bool(said) and said.casefold() != stored.casefold()
    return said is not None and said != stored and (stored is not None or name != "birth_date")


def _stored_sessions(rows: Sequence[ParsedRow], clinic: Clinic) -> dict[str, TreatmentSession]:
    stored: dict[str, TreatmentSession] = {}
    for ids in in_chunks(row.session.external_id for row in rows):
        found = TreatmentSession.objects.filter(clinic=clinic, external_id__in=ids)
        for session in found.prefetch_related("areas", "products"):
            stored[session.external_id] = session
    return stored


def _is_unchanged(row: ParsedRow, stored: TreatmentSession, matched: Matched) -> bool:
    """Whether the file says of the stored session what is stored; else the conflict is noted."""
    differing = _differing(row, stored)
    if stored.state != SessionState.COMPLETED:
        text = _("This session is stored as %s. It stays so.") % stored.get_state_display()
        matched.conflicts.append(RowProblem(row.line, "external_id", text))
    elif differing:
        text = _("The session is stored otherwise (%s) and stays so. Correct it on its page.")
        problem = RowProblem(row.line, differing[0], text % ", ".join(map(label_of, differing)))
        matched.conflicts.append(problem)
    else:
        matched.unchanged += 1
        return True
    return False


def _differing(row: ParsedRow, stored: TreatmentSession) -> list[str]:
    given = row.session
    differing = [name for name in _SESSION_FIELDS if getattr(given, name) != getattr(stored, name)]
    if row.patient.pk != stored.patient_id:
        differing.append("patient")
    if _areas(row.areas) != _areas(stored.areas.all()):
        differing.append("areas")
    if [(p.name, p.lot) for p in row.products] != [(p.name, p.lot) for p in stored.products.all()]:
        differing.append("products")
    return [name.removesuffix("_id") for name in differing]


def _says_the_same(row: ParsedRow, other: ParsedRow) -> bool:
    given, told = row.session, other.session
    return (
        row.patient is other.patient
        and all(getattr(given, name) == getattr(told, name) for name in _SESSION_FIELDS)
        and _areas(row.areas) == _areas(other.areas)
        and [(p.name, p.lot) for p in row.products] == [(p.name, p.lot) for p in other.products]
    )


def _areas(areas: Iterable[Any]) -> set[tuple[Any, ...]]:
    return {(area.site, area.depth_mm, area.passes) for area in areas}
