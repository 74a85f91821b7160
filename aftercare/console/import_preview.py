"""What an import will do, for the eye: what each column holds, each new row, and each cell that is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from aftercare.console.times import said_shortly
from aftercare.outbox.importing.expecting import Expected, expect
from aftercare.outbox.importing.files import columns_of
from aftercare.outbox.importing.meanings import label_of, named
from aftercare.outbox.importing.parsing import ParsedRow, PersonRow
from aftercare.outbox.importing.problems import FileError, RowProblem
from aftercare.outbox.importing.sessions import Report
from aftercare.outbox.importing.tables import read_table
from aftercare.outbox.models import ImportFile

SHOWN = 200
"""So many lines of each kind are listed; the others are counted."""
SAMPLES = 3


@dataclass(frozen=True)
class Column:
    """A column of the file: its name, what is in its first rows, and which of ours it is."""

    name: str
    samples: list[str]
    chosen: str


@dataclass(frozen=True)
class NewRow:
    line: int
    patient: str
    is_new: bool
    what: str


@dataclass(frozen=True)
class Wrong:
    """A cell and what is wrong with it."""

    line: int
    column: str
    cell: str
    text: str

    @property
    def label(self) -> str:
        return label_of(self.column)

    @property
    def named(self) -> str:
        return named(self.column)


@dataclass(frozen=True)
class Adopted:
    """A stored patient and the id that the file gives them."""

    patient: str
    external_id: str


@dataclass(frozen=True)
class Preview:
    columns: list[Column] = field(default_factory=list)
    choices: list[tuple[str, str, bool]] = field(default_factory=list)
    """What a column may hold: our name, its label, whether the file needs it."""
    new: list[NewRow] = field(default_factory=list)
    groups: list[tuple[str, list[Wrong], int]] = field(default_factory=list)
    adopted: list[Adopted] = field(default_factory=list)
    expected: Expected | None = None
    unwilling: int = 0

    @property
    def ignored(self) -> list[str]:
        """The columns of the file that nothing is read from."""
        return [column.name for column in self.columns if not column.chosen]

    @property
    def cut(self) -> bool:
        """Whether some wrong cells are counted only: the file of them has all."""
        return any(count > len(shown) for _title, shown, count in self.groups)


def preview_of(file: ImportFile, report: Report | None, *, now: datetime) -> Preview:
    """The preview; without rows if the file could not be read as mapped."""
    columns, cells = _read(file)
    ours = columns_of(file.kind)
    choices = [(name, named(name), name in ours.required) for name in ours.all]
    if report is None:
        return Preview(columns=columns, choices=choices)
    return Preview(
        columns=columns,
        choices=choices,
        unwilling=len({id(row.patient) for row in report.new if not row.patient.consents}),
        new=[_new(row) for row in report.new[:SHOWN]],
        groups=[(title, _wrong(found[:SHOWN], cells), len(found)) for title, found in _groups(report)],
        adopted=[Adopted(str(patient), patient.external_id) for patient in report.adopted[:SHOWN]],
        expected=_expected(file, report, now),
    )


def all_wrong(file: ImportFile, report: Report) -> Iterator[tuple[str, Wrong]]:
    """Every cell that is listed, none only counted, each with what it means."""
    _columns, cells = _read(file)
    for title, found in _groups(report):
        for wrong in _wrong(found, cells):
            yield title, wrong


def _groups(report: Report) -> list[tuple[str, list[RowProblem]]]:
    groups = (
        (_("Wrong, and not stored"), report.problems),
        (_("Stored already, and otherwise: stays as stored"), report.conflicts),
        (_("Most likely the same treatment under another id: not stored"), report.doubles),
        (_("Doubled in this file: stored once"), report.repeated),
        (_("Patients' details that stay as they are"), report.kept),
    )
    return [(title, found) for title, found in groups if found]


def _expected(file: ImportFile, report: Report, now: datetime) -> Expected | None:
    rows = [row for row in report.new if isinstance(row, ParsedRow)]
    return expect(rows, clinic=file.clinic, now=now) if rows else None


def _read(file: ImportFile) -> tuple[list[Column], dict[tuple[int, str], str]]:
    """The file's columns, and its cells by line and our column."""
    try:
        table = read_table(bytes(file.data))
        rows = list(table.lines)
    except FileError:
        return [], {}
    mapping = [*file.mapping, *[""] * len(table.header)]
    cells = {
        (row.line, mapping[int(at)]): cell
        for row in rows
        for at, cell in row.cells.items()
        if int(at) < len(mapping) and mapping[int(at)]
    }
    columns = [Column(name, _samples(rows, str(at)), mapping[at]) for at, name in enumerate(table.header)]
    return columns, cells


def _samples(rows: list[Any], at: str) -> list[str]:
    filled = (row.cells[at].strip()[:40] for row in rows if row.cells.get(at, "").strip())
    return list(islice(filled, SAMPLES))


def _new(row: PersonRow) -> NewRow:
    what = row.patient.email
    if isinstance(row, ParsedRow):
        session = row.session
        ended = said_shortly(session.ended_at, session.clinic.time_zone)
        what = f"{ended} · {session.protocol} · {session.practitioner}"
    return NewRow(row.line, str(row.patient), row.patient.pk is None, what)


def _wrong(problems: list[RowProblem], cells: dict[tuple[int, str], str]) -> list[Wrong]:
    return [
        Wrong(each.line, each.column, cells.get((each.line, each.column), "")[:80], each.text)
        for each in problems
    ]
