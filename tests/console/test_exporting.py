"""A list as a file: what is shown, of the user's clinics, and nothing a spreadsheet would reckon."""

import csv
from io import BytesIO, StringIO

import pytest
from openpyxl import load_workbook

from aftercare.clinics.models import Membership, Role
from aftercare.console import exporting
from aftercare.outbox.importing.formulas import defused, undefused
from tests import factories

pytestmark = pytest.mark.django_db
PATIENTS = "/admin/clinics/patient/export."
SESSIONS = "/admin/treatments/treatmentsession/export."
FORMULA = '=HYPERLINK("https://example.com","x")'


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def staff(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    client.force_login(user)
    return user


def _rows(answer):
    return list(csv.DictReader(StringIO(answer.getvalue().decode("utf-8-sig"))))


def test_patients_are_exported_under_the_names_an_import_reads(client, staff, clinic):
    factories.patient(clinic, first_name="Lucía", last_name="Robledo", email="lucia@example.com")

    (row,) = _rows(client.get(f"{PATIENTS}csv"))

    assert (row["first_name"], row["email"]) == ("Lucía", "lucia@example.com")
    assert row["email_consent_at"] == "2026-01-05T10:00+00:00"


def test_export_follows_the_search_of_the_list(client, staff, clinic):
    for name in ("Robledo", "Haddad"):
        factories.patient(clinic, last_name=name)

    assert [row["last_name"] for row in _rows(client.get(f"{PATIENTS}csv", {"q": "hadd"}))] == ["Haddad"]


def test_other_clinics_and_those_in_which_one_only_reads_are_left_out(client, staff, clinic):
    read = factories.clinic()
    Membership.objects.create(user=staff, clinic=read, role=Role.VIEWER)
    for each, name in ((clinic, "Mine"), (read, "Read"), (factories.clinic(), "Other")):
        factories.patient(each, last_name=name)

    assert [row["last_name"] for row in _rows(client.get(f"{PATIENTS}csv"))] == ["Mine"]


def test_viewer_exports_nothing_and_sees_no_button(client, clinic):
    client.force_login(factories.user(clinic, Role.VIEWER))

    assert client.get(f"{PATIENTS}csv").status_code == 403
    assert "export.csv" not in client.get("/admin/clinics/patient/").content.decode()


@pytest.mark.parametrize(
    "cell", [FORMULA, "+1-415-555", "+44 (0)20", "+1+cmd|x!A0", "-1", "@SUM(A1)", "\t=1", "\n=1", "＝1"]
)
def test_formulas_are_defused_and_read_back(cell):
    assert defused(cell) == f"'{cell}"
    assert undefused(defused(cell)) == cell


@pytest.mark.parametrize(
    "cell", ["Amara", "2026-03-28", "'quoted'", "O'Neill", "", "+44 20 7946 0100", "+442079460100"]
)
def test_other_cells_stay_as_they_are(cell):
    assert defused(cell) == undefused(cell) == cell


def test_csv_holds_no_formula(client, staff, clinic):
    factories.patient(clinic, first_name=FORMULA)

    assert _rows(client.get(f"{PATIENTS}csv"))[0]["first_name"] == f"'{FORMULA}"


def test_excel_file_holds_texts_only(client, staff, clinic):
    session = factories.treatment_session(clinic, cartridge_lot="=1+1", notes="Calm\x0b.")
    sheet = load_workbook(BytesIO(client.get(f"{SESSIONS}xlsx").getvalue())).active

    header, cells = [list(row) for row in sheet.iter_rows()]
    by_name = {name.value: cell for name, cell in zip(header, cells, strict=True)}

    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert (by_name["cartridge_lot"].value, by_name["cartridge_lot"].quotePrefix) == ("=1+1", True)
    assert (by_name["areas"].value, by_name["notes"].value) == ("face:0.80x3", "Calm.")
    assert by_name["protocol"].value == session.protocol.slug


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_telephone_number_is_exported_as_it_is(kind, client, staff, clinic):
    factories.patient(clinic, phone="+44 20 7946 0100")

    answer = client.get(f"{PATIENTS}{kind}")

    if kind == "csv":
        assert _rows(answer)[0]["phone"] == "+44 20 7946 0100"
    else:
        rows = load_workbook(BytesIO(answer.getvalue())).active.values
        assert dict(zip(*rows, strict=True))["phone"] == "+44 20 7946 0100"


def test_number_marked_by_an_earlier_export_is_read_as_it_was():
    assert undefused("'+44 20 7946 0100") == "+44 20 7946 0100"


def test_csv_is_read_from_the_database_a_chunk_at_a_time_and_whole(client, staff, clinic, monkeypatch):
    monkeypatch.setattr(exporting, "CHUNK", 2)
    monkeypatch.setattr(exporting, "PIECE", 2)
    for number in range(7):
        factories.patient(clinic, external_id=f"P-{number}")

    answer = client.get(f"{PATIENTS}csv")
    pieces = list(answer.streaming_content)

    assert len(pieces) == 6  # the mark of UTF-8, the header, and four times at most two rows
    text = b"".join(pieces).decode("utf-8-sig")
    ids = [row["patient_external_id"] for row in csv.DictReader(StringIO(text))]
    assert sorted(ids) == [f"P-{number}" for number in range(7)]


def test_list_too_long_for_an_excel_file_is_refused_with_what_to_do_and_whole_as_csv(
    client, staff, clinic, monkeypatch
):
    monkeypatch.setattr(exporting, "MOST_EXCEL_ROWS", 2)
    for _ in range(3):
        factories.patient(clinic, last_name="Haddad")

    answer = client.get(f"{PATIENTS}xlsx", {"q": "hadd"}, follow=True)

    assert answer.redirect_chain == [("/admin/clinics/patient/?q=hadd", 302)]
    assert "more than 2 rows" in answer.content.decode()
    assert len(_rows(client.get(f"{PATIENTS}csv", {"q": "hadd"}))) == 3


def test_unknown_kind_is_refused(client, staff):
    assert client.get(f"{PATIENTS}pdf").status_code == 403


def test_export_of_fifty_rows_asks_few_queries(client, staff, clinic, django_assert_max_num_queries):
    same = {"protocol": factories.protocol(clinic), "practitioner": factories.practitioner(clinic)}
    for _ in range(50):
        factories.treatment_session(clinic, **same)

    with django_assert_max_num_queries(15):
        rows = _rows(client.get(f"{SESSIONS}csv"))

    assert len(rows) == 50
