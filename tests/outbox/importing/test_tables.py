"""Excel files: read as CSV is, or refused with the cure."""

from datetime import date, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from aftercare.outbox.importing import tables
from aftercare.outbox.importing.problems import FileError
from aftercare.outbox.importing.reading import read_rows
from tests.outbox.importing.files import GOOD, as_csv, take_in


def as_excel(*rows, sheets=1):
    book = Workbook()
    for number in range(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        for row in rows:
            sheet.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _good(**over):
    cells = {**GOOD, **over}
    return as_excel(list(cells), list(cells.values()))


def test_excel_file_says_the_same_as_csv():
    (row,) = read_rows(_good())

    assert (row.line, row.cells) == (2, GOOD)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (datetime.fromisoformat("2026-03-28T15:00"), "2026-03-28T15:00"),
        (datetime.fromisoformat("2026-03-28"), "2026-03-28"),
        (date(2026, 3, 28), "2026-03-28"),
        (True, "yes"),
        (2079460123.0, "2079460123"),
        (0.5, "0.5"),
        (None, ""),
    ],
)
def test_cells_are_read_as_a_person_would_have_typed_them(cell, said):
    (row,) = read_rows(_good(notes=cell))

    assert row.cells["notes"] == said


def test_rows_that_excel_leaves_short_are_as_wide_as_the_header():
    (row,) = read_rows(as_excel([*GOOD, "notes"], list(GOOD.values())))

    assert row.cells == {**GOOD, "notes": ""}


def test_formula_that_failed_is_named():
    (row,) = read_rows(_good(notes="#REF!"))

    assert "#REF!" in row.problems[0].text


@pytest.mark.django_db
def test_sessions_are_taken_in_from_excel(clinic):
    assert take_in(clinic, data=_good()).sessions == 1


def _bomb():
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 1_000_000)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "cure"),
    [
        (as_excel([f"column {n}" for n in range(100)], ["x"] * 100), "100 columns; at most 60"),
        (as_csv({f"more {n}": "" for n in range(100)}), "at most 60 can be read"),
        (as_excel(list(GOOD), sheets=2), "several sheets: Sheet, Sheet1. Keep one"),
        (as_excel(), "must name the columns"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "Save it as .xlsx, without a password"),
        (b"PK\x03\x04 and no more", "damaged"),
        (_good()[:-40], "damaged"),
        (_bomb(), "far too large when unpacked"),
    ],
    ids=["100 columns", "100 columns of CSV", "sheets", "empty", "old Excel", "no ZIP", "cut", "bomb"],
)
def test_file_that_cannot_be_read_is_refused_with_the_cure(data, cure, monkeypatch):
    monkeypatch.setattr(tables, "MOST_UNPACKED", 500_000)

    with pytest.raises(FileError) as error:
        read_rows(data)

    assert cure in str(error.value)


def test_zip_that_is_no_excel_file_is_refused():
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("photo.jpg", b"x")

    with pytest.raises(FileError, match="cannot be read"):
        read_rows(file.getvalue())
