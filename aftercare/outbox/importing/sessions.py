"""The one operation: patients and completed sessions from a CSV file."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError
from django.utils.translation import gettext as _

from aftercare.clinics.models import Clinic, User
from aftercare.outbox.importing.matching import Matched, match
from aftercare.outbox.importing.parsing import Known, ParsedRow, parse_row
from aftercare.outbox.importing.reading import FileError, RowProblem, read_rows
from aftercare.outbox.importing.writing import write


@dataclass(frozen=True)
class Mode:
    """``dry_run`` stores nothing and says the same; ``all_or_nothing`` stores no file with a bad row."""

    dry_run: bool = False
    all_or_nothing: bool = False


@dataclass(frozen=True)
class Report:
    """What came of a file. ``problems`` and ``conflicts`` are not stored; ``kept`` are worth knowing."""

    rows: int
    sessions: int
    patients: int
    unchanged: int
    problems: list[RowProblem]
    conflicts: list[RowProblem]
    kept: list[RowProblem]
    stored: bool


def import_sessions(
    data: bytes, *, clinic: Clinic, by: User | None, now: datetime, mode: Mode = Mode()
) -> Report:
    """Stores the good rows of a CSV file as completed sessions with their messages.

    A session is known by its ``external_id``: one that is stored the same is skipped, one that is stored
    otherwise is listed and stays. Steps whose window has passed are missed and open no task. Raises FileError
    if the file as a whole cannot be read or stored; then nothing of the chunk at hand is stored.
    """
    raw_rows, known = read_rows(data), Known(clinic)
    parsed: list[ParsedRow] = []
    bad: list[RowProblem] = []
    for raw in raw_rows:
        row, problems = parse_row(raw, known, now=now)
        bad += problems
        if row is not None:
            parsed.append(row)
    matched = match(parsed, clinic=clinic)
    bad += matched.problems
    stores = not mode.dry_run and not (mode.all_or_nothing and (bad or matched.conflicts))
    report = _report(matched, bad, rows=len(raw_rows), stored=stores)
    if stores:
        _store(matched, by=by, now=now, mode=mode)
    return report


def _report(matched: Matched, bad: list[RowProblem], *, rows: int, stored: bool) -> Report:
    return Report(
        rows=rows,
        sessions=len(matched.new),
        patients=len({id(row.patient) for row in matched.new if row.patient.pk is None}),
        unchanged=matched.unchanged,
        problems=sorted(bad, key=lambda problem: problem.line),
        conflicts=matched.conflicts,
        kept=matched.kept,
        stored=stored,
    )


def _store(matched: Matched, *, by: User | None, now: datetime, mode: Mode) -> None:
    try:
        write(matched, by=by, now=now, at_once=mode.all_or_nothing)
    except IntegrityError as error:
        text = _(
            "Somebody stored some of these at the same time. Give the file again; what is in is skipped."
        )
        raise FileError(text) from error
