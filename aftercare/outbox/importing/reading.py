"""From the bytes of a CSV file to rows of cells by column, with what is wrong in each. No database."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from io import StringIO

from django.utils.translation import gettext as _

REQUIRED = (
    "external_id",
    "first_name",
    "last_name",
    "email",
    "practitioner",
    "protocol",
    "ended_at",
    "areas",
    "treatment_consent",
    "screening",
)
OPTIONAL = (
    "patient_external_id",
    "phone",
    "birth_date",
    "locale",
    "time_zone",
    "email_consent_version",
    "email_consent_at",
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
)
COLUMNS = REQUIRED + OPTIONAL
LARGEST_FILE = 50 * 1024 * 1024
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class FileError(ValueError):
    """The file as a whole cannot be read; the text says what to do."""


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one row, where, and the cure. Lines count from 1, the header's included."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        where = _("line %(line)s, %(column)s") if self.column else _("line %(line)s")
        return f"{where % {'line': self.line, 'column': self.column}}: {self.text}"


@dataclass
class RawRow:
    """One row: its cells by column, without blanks around them; or problems, and then no cells."""

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)


def read_rows(data: bytes) -> list[RawRow]:
    """The rows below the header; blank ones are left out. Raises FileError."""
    text = _decoded(data)
    delimiter = _delimiter(text)
    records = _records(text, delimiter)
    header = next(records, None)
    if header is None or header.problems or not header.cells:
        raise FileError(_("The first line must name the columns: %s.") % ", ".join(REQUIRED))
    names = _columns(list(header.cells.values()))
    rows = (_row(record, names) for record in records)
    found = [row for row in rows if row.problems or any(row.cells.values())]
    if not found:
        raise FileError(_("The file has a header and no rows below it."))
    return found


def _decoded(data: bytes) -> str:
    if not data.strip():
        raise FileError(_("The file is empty. Its first line must name the columns."))
    if len(data) > LARGEST_FILE:
        raise FileError(_("The file is larger than 50 MB. Split it; rows taken in before are recognised."))
    if data.startswith(_UTF_16):
        raise FileError(_("The file is UTF-16. Save it as “CSV UTF-8”."))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(_("Line %s is not UTF-8. Save the file as “CSV UTF-8”.") % line) from error


def _delimiter(text: str) -> str:
    header = text.lstrip().partition("\n")[0]
    return max(",;", key=header.count)


def _records(text: str, delimiter: str) -> Iterator[RawRow]:
    """Each record with its cells under their positions; a record csv cannot read has a problem instead."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield RawRow(line, problems=[RowProblem(line, "", _unreadable(str(error)))])
            continue
        yield RawRow(line, {str(position): cell for position, cell in enumerate(cells)})


def _unreadable(error: str) -> str:
    if "field larger" in error:
        return _("A cell is longer than 131,072 characters. Shorten it, or check the quotation marks.")
    return _("The quotation marks do not match, so that nothing from here on can be told apart. Close them.")


def _columns(header: list[str]) -> list[str]:
    names = [name.strip().casefold().replace(" ", "_").replace("-", "_") for name in header]
    while names and not names[-1]:
        names.pop()
    if unknown := [name for name in names if name not in COLUMNS]:
        near = get_close_matches(unknown[0], COLUMNS, n=1)
        cure = _("Did you mean %s?") % near[0] if near else _("Columns: %s.") % ", ".join(COLUMNS)
        raise FileError(_("Unknown column “%(name)s”. %(cure)s") % {"name": unknown[0][:40], "cure": cure})
    if twice := [name for name in names if names.count(name) > 1]:
        raise FileError(_("The column “%s” is there twice. Keep one.") % twice[0])
    if missing := [name for name in REQUIRED if name not in names]:
        raise FileError(_("Columns are missing: %s.") % ", ".join(missing))
    return names


def _row(record: RawRow, names: list[str]) -> RawRow:
    cells = [cell.strip() for cell in record.cells.values()]
    if record.problems or not any(cells):
        return record if record.problems else RawRow(record.line)
    while len(cells) > len(names) and not cells[-1]:
        cells.pop()
    if len(cells) != len(names):
        text = _("This row has %(cells)s cells, the header %(names)s. Put cells with separators into quotes.")
        problem = RowProblem(record.line, "", text % {"cells": len(cells), "names": len(names)})
        return RawRow(record.line, problems=[problem])
    for name, cell in zip(names, cells, strict=True):
        if "\0" in cell:
            problem = RowProblem(record.line, name, _("The cell has a NUL byte in it. Type it anew."))
            return RawRow(record.line, problems=[problem])
    return RawRow(record.line, dict(zip(names, cells, strict=True)))
