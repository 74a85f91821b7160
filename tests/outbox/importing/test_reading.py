"""Files as spreadsheets write them, and files that are broken."""

import pytest

from aftercare.outbox.importing import tables
from aftercare.outbox.importing.problems import FileError
from aftercare.outbox.importing.reading import SESSIONS, read_rows
from tests.outbox.importing.files import GOOD, as_csv

HEADER = ",".join(SESSIONS.required)


def _with(row):
    return f"{HEADER}\n{row}\n".encode()


def test_rows_are_read_by_column():
    rows = read_rows(as_csv({}))

    assert [row.line for row in rows] == [2]
    assert rows[0].cells == GOOD


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_comma_and_semicolon_with_and_without_bom_say_the_same(delimiter, bom):
    assert read_rows(bom + as_csv({}, delimiter=delimiter))[0].cells == GOOD


def test_header_is_read_whatever_its_case_spaces_and_hyphens():
    data = as_csv({}).replace(b"external_id,patient_external_id", b" External ID ,Patient-External-Id", 1)

    assert read_rows(data)[0].cells == GOOD


def test_blank_lines_and_empty_columns_at_the_end_are_left_out():
    data = as_csv({}).replace(b"\r\n", b",,\r\n") + b"\r\n,,,,\r\n"

    assert [row.cells for row in read_rows(data)] == [GOOD]


def test_cell_over_several_lines_keeps_the_count_of_lines():
    rows = read_rows(as_csv({"notes": "one\ntwo\nthree"}, {"external_id": "S-2"}))

    assert [row.line for row in rows] == [2, 5]
    assert rows[0].cells["notes"] == "one\ntwo\nthree"


@pytest.mark.parametrize(
    ("data", "cure"),
    [
        (b"", "The file is empty"),
        (b" \n\n", "The file is empty"),
        (b"\xef\xbb\xbf\n", "must name the columns"),
        ("external_id".encode("utf-16"), "Save it as “CSV UTF-8”"),
        (HEADER.encode() + b"\nLuc\xeda", "Line 2 is not UTF-8"),
        (HEADER.encode(), "no rows below"),
        (b"external_id\nS-1", "Columns are missing: First name (first_name)"),
        (HEADER.replace("email", "emial").encode() + b"\nx", "Did you mean email?"),
        (HEADER.encode() + b",shoe_size\nx", "Unknown column “shoe_size”. Columns: external_id"),
        (HEADER.encode() + b",email\nx", "“E-mail (email)” is there twice"),
        (b'"external_id\nS-1', "must name the columns"),
    ],
)
def test_file_that_cannot_be_read_is_refused_with_the_cure(data, cure):
    with pytest.raises(FileError) as error:
        read_rows(data)

    assert cure in str(error.value)


def test_file_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(tables, "LARGEST_FILE", 10)

    with pytest.raises(FileError, match="Split it"):
        read_rows(as_csv({}))


@pytest.mark.parametrize("row", ["S-1,Amara", "S-1" + ",x" * 20])
def test_ragged_row_is_named_with_both_counts(row):
    (read,) = read_rows(_with(row))

    assert str(read.problems[0]).startswith("line 2: This row has ")
    assert "the header 10" in read.problems[0].text


def test_nul_byte_is_named_with_its_column():
    (read,) = read_rows(as_csv({"last_name": "Lind\0qvist"}))

    assert (read.problems[0].line, read.problems[0].column) == (2, "last_name")


def test_huge_cell_is_named_and_the_rows_after_it_are_read():
    first, second = read_rows(as_csv({"notes": "x" * 200_000}, {"external_id": "S-2"}))

    assert "131,072" in first.problems[0].text
    assert second.cells["external_id"] == "S-2"


def test_quotation_mark_never_closed_is_named_where_its_row_begins():
    data = as_csv({}, {"external_id": "S-2"}).replace(b"S-2", b'"S-2')

    good, bad = read_rows(data)

    assert good.cells == GOOD
    assert (bad.line, "quotation marks" in bad.problems[0].text) == (3, True)
