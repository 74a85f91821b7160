"""From the bytes of a CSV or Excel file to its header and its lines of cells. No database."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO, StringIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from django.utils.translation import gettext as _

from aftercare.outbox.importing.problems import FileError, RawRow, RowProblem

LARGEST_FILE = 50 * 1024 * 1024
MOST_COLUMNS = 60
MOST_UNPACKED = 200 * 1024 * 1024
"""Bytes of an Excel file when unpacked: one made to fill the memory is far above."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_ERRORS = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")


@dataclass(frozen=True)
class Table:
    """The names in the first line, and the lines below, their cells under their positions (“0”, “1”, …)."""

    header: list[str]
    lines: Iterable[RawRow]


def read_table(data: bytes) -> Table:
    """The file's table, whichever of the two kinds it is. Raises FileError with the cure."""
    if not data.strip():
        raise FileError(_("The file is empty. Its first line must name the columns."))
    if len(data) > LARGEST_FILE:
        raise FileError(_("The file is larger than 50 MB. Split it; rows taken in before are recognised."))
    if data.startswith(_OLE):
        raise FileError(_("This is an old or protected Excel file. Save it as .xlsx, without a password."))
    lines = _excel(data) if data.startswith(_ZIP) else _csv(data)
    first = next(lines, None)
    header = [] if first is None or first.problems else [cell.strip() for cell in first.cells.values()]
    while header and not header[-1]:
        header.pop()
    if len(header) > MOST_COLUMNS:
        text = _("The file has %(count)s columns; at most %(most)s can be read. Delete those not needed.")
        raise FileError(text % {"count": len(header), "most": MOST_COLUMNS})
    return Table(header, lines)


def _csv(data: bytes) -> Iterator[RawRow]:
    text = _decoded(data)
    delimiter = max(",;", key=text.lstrip().partition("\n")[0].count)
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
        yield RawRow(line, _numbered(cells))


def _decoded(data: bytes) -> str:
    if data.startswith(_UTF_16):
        raise FileError(_("The file is UTF-16. Save it as “CSV UTF-8”."))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(_("Line %s is not UTF-8. Save the file as “CSV UTF-8”.") % line) from error


def _unreadable(error: str) -> str:
    if "field larger" in error:
        return _("A cell is longer than 131,072 characters. Shorten it, or check the quotation marks.")
    return _("The quotation marks do not match, so that nothing from here on can be told apart. Close them.")


def _excel(data: bytes) -> Iterator[RawRow]:
    """The one sheet that has anything in it. Of a formula, what Excel last reckoned."""
    from openpyxl import load_workbook  # takes its time to load, which no worker that sends has use for

    _refuse_bomb(data)
    try:
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        filled = [sheet for sheet in book.worksheets if _has_rows(sheet)]
    except Exception as error:  # whatever a broken file makes the library stumble over
        raise FileError(
            _("The Excel file cannot be read. Save it anew as .xlsx, or as “CSV UTF-8”.")
        ) from error
    if len(filled) > 1:
        names = ", ".join(sheet.title for sheet in filled)
        raise FileError(_("The file has several sheets: %s. Keep one.") % names)
    for sheet in filled:
        width = 0
        for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            row = _excel_row(line, [_written(cell) for cell in cells], width)
            width = width or len(row.cells)
            yield row


def _excel_row(line: int, cells: list[str], width: int) -> RawRow:
    """Without empty cells at its end, which Excel keeps or drops as it pleases, but as wide as the first."""
    while cells and not cells[-1]:
        cells.pop()
    cells += [""] * (width - len(cells))
    if wrong := next((cell for cell in cells if _ERRORS.fullmatch(cell)), None):
        text = _("A formula here came to %s. Write the value instead.") % wrong
        return RawRow(line, problems=[RowProblem(line, "", text)])
    return RawRow(line, _numbered(cells))


def _refuse_bomb(data: bytes) -> None:
    try:
        unpacked = sum(part.file_size for part in ZipFile(BytesIO(data)).infolist())
    except BadZipFile as error:
        raise FileError(_("The Excel file is damaged. Save it anew.")) from error
    if unpacked > MOST_UNPACKED:
        raise FileError(_("The Excel file is far too large when unpacked. Save it as “CSV UTF-8”."))


def _has_rows(sheet: Any) -> bool:
    return any(cell is not None for row in sheet.iter_rows(max_row=20, values_only=True) for cell in row)


def _written(cell: Any) -> str:
    """As a person would have typed it; a day without a time of day is a date."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        alone = cell.time() == time()
        return cell.date().isoformat() if alone else cell.isoformat(timespec="minutes")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _numbered(cells: list[str]) -> dict[str, str]:
    return {str(position): cell for position, cell in enumerate(cells)}
