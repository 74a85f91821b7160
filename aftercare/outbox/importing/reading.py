"""From the bytes of a file to rows of cells by column, with what is wrong in each. No database."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from django.utils.translation import gettext as _

from aftercare.outbox.importing.formulas import undefused
from aftercare.outbox.importing.meanings import named
from aftercare.outbox.importing.problems import FileError, RawRow, RowProblem
from aftercare.outbox.importing.tables import read_table


@dataclass(frozen=True)
class Columns:
    """The columns a kind of file may have, in the order in which they are told."""

    required: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return self.required + self.optional


PATIENT = ("first_name", "last_name", "email")
PATIENT_MORE = (
    "phone",
    "birth_date",
    "locale",
    "time_zone",
    "email_consent_version",
    "email_consent_at",
)
SESSIONS = Columns(
    required=(
        "external_id",
        *PATIENT,
        "practitioner",
        "protocol",
        "ended_at",
        "areas",
        "treatment_consent",
        "screening",
    ),
    optional=(
        "patient_external_id",
        *PATIENT_MORE,
        "variant",
        "device",
        "cartridge_lot",
        "cartridge_expires_on",
        "products",
        "fitzpatrick",
        "override_by",
        "override_reason",
        "recovery_note",
        "next_visit_on",
        "notes",
    ),
)
PATIENTS = Columns(required=PATIENT, optional=("patient_external_id", *PATIENT_MORE))
Mapping = Sequence[str]
"""For each column of the file ours, or “” for one that is left out."""


def read_rows(data: bytes, *, columns: Columns = SESSIONS, mapping: Mapping | None = None) -> list[RawRow]:
    """The rows below the header; blank ones are left out. Raises FileError.

    Without a ``mapping`` the header names our own columns, in any order.
    """
    table = read_table(data)
    if not table.header:
        raise FileError(_("The first line must name the columns: %s.") % ", ".join(columns.required))
    names = _as_mapped(table.header, mapping, columns) if mapping else _as_named(table.header, columns)
    _refuse_wrong(names, columns)
    rows = (_row(record, names) for record in table.lines)
    found = [row for row in rows if row.problems or any(row.cells.values())]
    if not found:
        raise FileError(_("The file has a header and no rows below it."))
    return found


def plain_name(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def _as_named(header: list[str], columns: Columns) -> list[str]:
    names = [plain_name(name) for name in header]
    if unknown := [name for name in names if name not in columns.all]:
        near = get_close_matches(unknown[0], columns.all, n=1)
        cure = _("Did you mean %s?") % near[0] if near else _("Columns: %s.") % ", ".join(columns.all)
        raise FileError(_("Unknown column “%(name)s”. %(cure)s") % {"name": unknown[0][:40], "cure": cure})
    return names


def _as_mapped(header: list[str], mapping: Mapping, columns: Columns) -> list[str]:
    if len(mapping) != len(header) or set(mapping) - {"", *columns.all}:
        raise FileError(_("The file's columns have changed. Say again what they hold."))
    return list(mapping)


def _refuse_wrong(names: list[str], columns: Columns) -> None:
    if twice := [name for name in names if name and names.count(name) > 1]:
        raise FileError(_("The column “%s” is there twice. Keep one.") % named(twice[0]))
    if missing := [name for name in columns.required if name not in names]:
        raise FileError(_("Columns are missing: %s.") % ", ".join(map(named, missing)))


def _row(record: RawRow, names: list[str]) -> RawRow:
    cells = [cell.strip() for cell in record.cells.values()]
    if record.problems or not any(cells):
        return record if record.problems else RawRow(record.line)
    while len(cells) > len(names) and not cells[-1]:
        cells.pop()
    if problem := _ragged(record, cells, names):
        return RawRow(record.line, problems=[problem])
    for name, cell in zip(names, cells, strict=True):
        if "\0" in cell:
            problem = RowProblem(record.line, name, _("The cell has a NUL byte in it. Type it anew."))
            return RawRow(record.line, problems=[problem])
    named = zip(names, cells, strict=True)
    return RawRow(record.line, {name: undefused(cell) for name, cell in named if name})


def _ragged(record: RawRow, cells: list[str], names: list[str]) -> RowProblem | None:
    if len(cells) == len(names):
        return None
    text = _("This row has %(cells)s cells, the header %(names)s. Put cells with separators into quotes.")
    return RowProblem(record.line, "", text % {"cells": len(cells), "names": len(names)})
