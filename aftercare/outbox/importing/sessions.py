"""Patients and completed sessions from a CSV or Excel file, in one operation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError
from django.utils.translation import gettext as _

from aftercare.clinics.models import Clinic, Patient, User
from aftercare.outbox.importing.matching import Matched, match
from aftercare.outbox.importing.parsing import Known, ParsedRow, PersonRow, parse_row
from aftercare.outbox.importing.problems import FileError, RowProblem
from aftercare.outbox.importing.reading import Mapping, read_rows
from aftercare.outbox.importing.telling import NOBODY, Told
from aftercare.outbox.importing.writing import write


@dataclass(frozen=True)
class Mode:
    """``dry_run`` stores nothing and says the same; ``all_or_nothing`` stores no file with a bad row.

    ``at_once`` stores the good rows in one transaction. ``take_doubles``: what looks like a treatment stored
    under another id is another one. ``mapping``: see :func:`read_rows`.
    """

    dry_run: bool = False
    all_or_nothing: bool = False
    at_once: bool = False
    take_doubles: bool = False
    mapping: Mapping | None = None


@dataclass(frozen=True)
class Report:
    """What came of a file. ``problems``, ``conflicts`` and ``doubles`` are not stored.

    ``repeated`` and ``kept`` are to know. ``new``: the rows that were stored, or would be; ``adopted``: the
    stored patients who get the file's id. ``told``: the stored sessions that missed safety
    messages.
    """

    rows: int
    sessions: int
    patients: int
    unchanged: int
    problems: list[RowProblem]
    conflicts: list[RowProblem]
    doubles: list[RowProblem]
    repeated: list[RowProblem]
    kept: list[RowProblem]
    new: Sequence[PersonRow]
    stored: bool
    adopted: Sequence[Patient] = ()
    told: Told = NOBODY


def import_sessions(
    data: bytes, *, clinic: Clinic, by: User | None, now: datetime, mode: Mode = Mode()
) -> Report:
    """Stores the good rows of a CSV file as completed sessions with their messages.

    A session is known by its ``external_id``: one that is stored the same is skipped, one that is stored
    otherwise is listed and stays. Steps whose window has passed are missed; staff are told of safety messages
    missed within the last seven days. Raises FileError
    if the file as a whole cannot be read or stored; then nothing of the chunk at hand is stored.
    """
    raw_rows, known = read_rows(data, mapping=mode.mapping), Known(clinic)
    parsed: list[ParsedRow] = []
    bad: list[RowProblem] = []
    for raw in raw_rows:
        row, problems = parse_row(raw, known, now=now)
        bad += problems
        if row is not None:
            parsed.append(row)
    matched = match(parsed, clinic=clinic, take_doubles=mode.take_doubles)
    bad += matched.problems
    left_out = bad or matched.conflicts or matched.doubles
    stores = not mode.dry_run and not (mode.all_or_nothing and left_out)
    report = _report(matched, bad, rows=len(raw_rows), stored=stores)
    if stores:
        return replace(report, told=_store(matched, by=by, now=now, mode=mode))
    return report


def _report(matched: Matched, bad: list[RowProblem], *, rows: int, stored: bool) -> Report:
    return Report(
        rows=rows,
        sessions=len(matched.new),
        patients=len({id(row.patient) for row in matched.new if row.patient.pk is None}),
        unchanged=matched.unchanged,
        problems=sorted(bad, key=lambda problem: problem.line),
        conflicts=matched.conflicts,
        doubles=matched.doubles,
        repeated=matched.repeated,
        kept=matched.kept,
        new=matched.new,
        stored=stored,
        adopted=matched.adopted,
    )


def _store(matched: Matched, *, by: User | None, now: datetime, mode: Mode) -> Told:
    try:
        return write(matched, by=by, now=now, at_once=mode.all_or_nothing or mode.at_once)
    except IntegrityError as error:
        text = _(
            "Somebody stored some of these at the same time. Give the file again; what is in is skipped."
        )
        raise FileError(text) from error
