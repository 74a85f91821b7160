"""Patients from a CSV or Excel file, without sessions, in one operation."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from aftercare.clinics.models import Clinic, Patient, User
from aftercare.outbox.importing.matching import Matched, People, doubled
from aftercare.outbox.importing.parsing import PersonRow, parse_person
from aftercare.outbox.importing.problems import FileError, RowProblem
from aftercare.outbox.importing.reading import PATIENTS, read_rows
from aftercare.outbox.importing.sessions import Mode, Report
from aftercare.outbox.importing.slicing import CHUNK

STORE = Mode()


def import_patients(
    data: bytes, *, clinic: Clinic, by: User | None, now: datetime, mode: Mode = STORE
) -> Report:
    """Stores the patients that are new, all in one transaction.

    One that is stored stays as stored; what the file has otherwise is listed. Raises FileError if the file as
    a whole cannot be read or stored.
    """
    raw_rows = read_rows(data, columns=PATIENTS, mapping=mode.mapping)
    parsed = [parse_person(raw, clinic, now=now) for raw in raw_rows]
    rows = [row for row, _problems in parsed if row is not None]
    bad = [problem for _row, problems in parsed for problem in problems]
    matched, new = _match(rows, clinic)
    report = _report(matched, bad + matched.problems, new, len(raw_rows), mode)
    if report.stored:
        _store(new, matched.adopted, by, now)
    return report


def _match(rows: list[PersonRow], clinic: Clinic) -> tuple[Matched, list[PersonRow]]:
    matched, people = Matched(), People(rows, clinic)
    settled = [row for row in rows if people.settle(row, matched)]
    firsts: dict[int, PersonRow] = {}
    for row in settled:
        first = firsts.setdefault(id(row.patient), row)
        if first is not row:
            matched.repeated.append(doubled(row.line, first.line, "email"))
    matched.adopted = people.adopt({row.line for row in settled})
    new = [row for row in firsts.values() if row.patient.pk is None]
    matched.unchanged = len(firsts) - len(new)
    return matched, new


def _report(matched: Matched, bad: list[RowProblem], new: list[PersonRow], rows: int, mode: Mode) -> Report:
    return Report(
        rows=rows,
        sessions=0,
        patients=len(new),
        unchanged=matched.unchanged,
        problems=sorted(bad, key=lambda problem: problem.line),
        conflicts=[],
        doubles=[],
        repeated=matched.repeated,
        kept=matched.kept,
        new=new,
        adopted=matched.adopted,
        stored=not mode.dry_run and not (mode.all_or_nothing and bad),
    )


def _store(new: list[PersonRow], adopted: list[Patient], by: User | None, now: datetime) -> None:
    try:
        with transaction.atomic():
            bulk_update_with_history(adopted, Patient, ["external_id"], default_user=by, default_date=now)
            patients = [row.patient for row in new]
            bulk_create_with_history(patients, Patient, CHUNK, default_user=by, default_date=now)
    except IntegrityError as error:
        text = _("Somebody stored some of these at the same time. Give the file again.")
        raise FileError(text) from error
