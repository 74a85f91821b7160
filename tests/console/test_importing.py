"""A file in the console: every change is shown, and all of it is stored or nothing."""

import csv
from datetime import timedelta
from io import BytesIO, StringIO

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook

from aftercare.clinics.models import Membership, Patient, Role
from aftercare.console import import_preview, importing
from aftercare.outbox.importing.files import forget_files
from aftercare.outbox.models import ImportFile
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.factories import ENDED_AT
from tests.outbox.importing.files import GOOD, as_csv

pytestmark = pytest.mark.django_db
SESSIONS = "/admin/treatments/treatmentsession/import/"
PATIENTS = "/admin/clinics/patient/import/"
SECOND = {"external_id": "S-2", "patient_external_id": "P-2", "last_name": "Haddad", "email": "n@example.com"}


@pytest.fixture(autouse=True)
def that_evening():
    with time_machine.travel(ENDED_AT + timedelta(hours=1), tick=False):
        yield


@pytest.fixture
def clinic():
    clinic = factories.clinic()
    factories.practitioner(clinic, name="Dr Moreau")
    factories.protocol(clinic, slug="microneedling")
    return clinic


@pytest.fixture
def staff(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    client.force_login(user)
    return user


@pytest.fixture
def upload(client, staff, clinic):
    """Uploads the bytes; returns the address of the file's page, or the answer that refuses it."""

    def upload(data, url=SESSIONS, name="sessions.csv"):
        answer = client.post(url, {"clinic": clinic.pk, "file": SimpleUploadedFile(name, data)})
        return answer["Location"] if answer.status_code == 302 else answer

    return upload


def test_file_is_previewed_and_nothing_is_stored_yet(client, upload):
    shown = client.get(upload(as_csv({}, SECOND))).content.decode()

    assert "Sat 28 Mar, 15:00 London time · Microneedling · Dr Moreau" in shown
    assert "Store 2 rows" in shown
    assert not TreatmentSession.objects.exists()


def test_column_that_is_left_out_and_patient_without_consent_are_told_of(client, upload):
    page = upload(b"first_name,last_name,email,Consent\nNadia,Haddad,n@example.com,yes\n", PATIENTS)

    shown = client.get(page).content.decode()

    assert "1 column is left out: Consent" in shown
    assert "1 patient has not agreed to e-mails: their messages will be held." in shown


def test_file_with_consent_and_known_columns_is_told_nothing_of_that(client, upload):
    shown = client.get(upload(as_csv({}))).content.decode()

    assert ("left out:" in shown, "has not agreed" in shown) == (False, False)


def test_seen_file_is_stored_with_its_messages_and_forgotten(client, staff, upload):
    page = upload(as_csv({}, SECOND))
    seen = client.get(page).context["seen"]

    client.post(page, {"seen": seen, "_store": "1"})

    session = TreatmentSession.objects.get(external_id="S-1")
    assert (session.state, session.created_by) == ("completed", staff)
    assert session.scheduled_messages.count() == 2
    assert not ImportFile.objects.exists()


def test_wrong_cell_is_shown_with_its_line_column_content_and_cure(client, upload):
    shown = client.get(upload(as_csv({}, {**SECOND, "email": "noor at example"}))).content.decode()

    assert "<td>3</td><td>E-mail</td><td><code>noor at example</code></td>" in shown
    assert "is not an address mail can be sent to" in shown


def test_file_with_a_wrong_cell_is_stored_only_when_its_row_is_left_out_knowingly(client, upload):
    page = upload(as_csv({}, {**SECOND, "email": "x"}))
    seen = client.get(page).context["seen"]

    client.post(page, {"seen": seen, "_store": "1"})
    assert not TreatmentSession.objects.exists()
    client.post(page, {"seen": seen, "_store": "1", "leave_out": "1"})

    assert [session.external_id for session in TreatmentSession.objects.all()] == ["S-1"]


def test_nothing_is_stored_when_what_was_seen_is_not_what_would_be_stored(client, clinic, upload):
    page = upload(as_csv({}))
    seen = client.get(page).context["seen"]
    factories.patient(clinic, first_name="Amara", last_name="Lindqvist", email="amara@example.com")

    answer = client.post(page, {"seen": seen, "_store": "1"})

    assert "Look at the preview again" in answer.content.decode()
    assert not TreatmentSession.objects.exists()


def test_likely_double_is_listed_and_stored_only_when_staff_say_so(client, upload):
    page = upload(as_csv({}, {"external_id": "S-2"}))

    shown = client.get(page).content.decode()
    again = client.post(page, {"take_doubles": "1"})
    client.post(page, {"take_doubles": "1", "seen": again.context["seen"], "_store": "1"})

    assert "Most likely the same treatment is on line 2" in shown
    assert TreatmentSession.objects.count() == 2


def test_columns_of_other_names_are_guessed(client, upload):
    data = as_csv({}).replace(b"first_name", b"Given name").replace(b"email,", b"E-mail,")

    assert len(client.get(upload(data)).context["report"].new) == 1


def test_columns_that_cannot_be_guessed_are_told_by_staff(client, upload):
    data = as_csv({}).replace(b"last_name", b"Called").replace(b"products", b"shoe size")
    page = upload(data)
    asked = client.get(page)
    mapping = [column.chosen for column in asked.context["preview"].columns]
    assert "Columns are missing: Last name (last_name)" in asked.content.decode()

    mapping[mapping.index("")] = "last_name"
    client.post(page, {"column": mapping, "_map": "1"})

    shown = client.get(page)
    assert [row.patient for row in shown.context["preview"].new] == ["Amara Lindqvist"]


def test_same_meaning_twice_is_refused(client, upload):
    page = upload(as_csv({}))
    client.post(page, {"column": ["email"] * len(GOOD), "_map": "1"})

    assert "“E-mail (email)” is there twice" in client.get(page).content.decode()


REFUSED = [
    ("external_id".encode("utf-16"), "Save it as “CSV UTF-8”"),
    (b"external_id\nLuc\xeda", "Line 2 is not UTF-8"),
    (as_csv({f"more {n}": "" for n in range(100)}), "at most 60 can be read"),
    (b"", "empty"),
    (b"PK\x03\x04 no more", "damaged"),
]


@pytest.mark.parametrize(("data", "cure"), REFUSED, ids=["UTF-16", "Latin-1", "100 columns", "empty", "ZIP"])
def test_file_that_cannot_be_read_is_refused_with_the_cure_and_not_kept(upload, data, cure):
    answer = upload(data)

    assert cure in answer.content.decode()
    assert not ImportFile.objects.exists()


def test_file_that_is_too_large_or_too_long_for_a_page_is_refused(upload, monkeypatch):
    monkeypatch.setattr(importing, "MOST_ROWS", 1)
    assert "more than 1 rows" in upload(as_csv({}, SECOND)).content.decode()

    monkeypatch.setattr(importing, "LARGEST", 10)
    assert "larger than 5 MB" in upload(as_csv({})).content.decode()


def test_script_in_a_cell_is_shown_as_text(client, upload):
    shown = client.get(upload(as_csv({"email": "<script>alert(1)</script>"}))).content.decode()

    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_file_of_another_member_or_clinic_is_not_found(client, clinic, upload):
    page = upload(as_csv({}))
    colleague = factories.user(clinic, Role.STAFF)
    stranger = factories.user(factories.clinic(), Role.OWNER)

    answers = []
    for user in (colleague, stranger):
        client.force_login(user)
        answers.append(client.get(page).status_code)

    assert answers == [404, 404]


def test_clinic_in_which_the_user_only_reads_takes_no_file(client, staff):
    other = factories.clinic()
    Membership.objects.create(user=staff, clinic=other, role=Role.VIEWER)

    answer = client.post(SESSIONS, {"clinic": other.pk, "file": SimpleUploadedFile("a.csv", as_csv({}))})

    assert "clinic" in answer.context["form"].errors
    assert not ImportFile.objects.exists()


def test_viewer_may_not_import(client, clinic):
    client.force_login(factories.user(clinic, Role.VIEWER))

    assert client.get(SESSIONS).status_code == 403
    assert (
        SESSIONS not in client.get(reverse("admin:treatments_treatmentsession_changelist")).content.decode()
    )


def test_file_is_forgotten_when_staff_say_so_or_after_a_day(client, upload):
    client.post(upload(as_csv({})), {"_cancel": "1"})
    assert not ImportFile.objects.exists()

    upload(as_csv({}))
    forget_files(now=ENDED_AT + timedelta(days=2))

    assert not ImportFile.objects.exists()


def test_patients_are_stored_alone_and_those_stored_stay(client, clinic, upload):
    factories.patient(clinic, first_name="Amara", last_name="Lindqvist", email="amara@example.com", phone="1")
    rows = ("Amara;Lindqvist;AMARA@example.com;;2", "Noor;Haddad;noor@example.com;1990-02-03;")
    data = "\n".join(["First name;Surname;E-mail;DOB;Phone", *rows])
    page = upload(data.encode(), url=PATIENTS)
    seen = client.get(page)

    client.post(page, {"seen": seen.context["seen"], "_store": "1"})

    assert "Kept as it is as stored" in seen.content.decode()
    noor = Patient.objects.get(first_name="Noor")
    assert (noor.birth_date.isoformat(), noor.history.count()) == ("1990-02-03", 1)
    assert Patient.objects.get(first_name="Amara").phone == "1"


def test_wrong_patient_is_named_by_cell(client, upload):
    page = upload(b"first_name,last_name,email,birth_date\nNoor,,noor@example.com,3/2/90\n", url=PATIENTS)

    assert {(each.line, each.column) for each in client.get(page).context["report"].problems} == {
        (2, "last_name"),
        (2, "birth_date"),
    }


def test_excel_file_is_taken_in(client, upload):
    book, file = Workbook(), BytesIO()
    for row in (["first_name", "last_name", "email"], ["Noor", "Haddad", "noor@example.com"]):
        book.active.append(row)
    book.save(file)
    page = upload(file.getvalue(), url=PATIENTS, name="patients.xlsx")

    client.post(page, {"seen": client.get(page).context["seen"], "_store": "1"})

    assert Patient.objects.get().last_name == "Haddad"


def test_preview_says_what_storing_does_to_messages(client, upload):
    page = upload(as_csv({}, {**SECOND, "ended_at": "2026-01-03T15:00"}))

    shown = " ".join(client.get(page).content.decode().split())

    assert "<b>1</b> leave at once, when the time to undo is over" in shown  # an hour after the end
    assert "<b>1</b> leave later, at their time" in shown
    assert "<b>2</b> are missed: their window has passed" in shown


def test_ids_for_stored_patients_are_listed_and_can_be_stored_alone(client, clinic, upload):
    amara = factories.patient(
        clinic, first_name="Amara", last_name="Lindqvist", email="amara@example.com", phone="1"
    )
    page = upload(
        b"patient_external_id,first_name,last_name,email\nP-7,Amara,Lindqvist,amara@example.com\n",
        url=PATIENTS,
    )
    seen = client.get(page)

    answer = client.post(page, {"seen": seen.context["seen"], "_store": "1"}, follow=True)

    amara.refresh_from_db()
    assert "<td>Amara Lindqvist</td><td>P-7</td>" in seen.content.decode()
    assert amara.external_id == "P-7"
    assert "1 patient got an id." in answer.content.decode()


def test_every_wrong_cell_is_in_the_file_of_them_also_those_only_counted(client, upload, monkeypatch):
    monkeypatch.setattr(import_preview, "SHOWN", 1)
    page = upload(as_csv({**SECOND, "email": "=noor"}, {**SECOND, "external_id": "S-3", "email": "y"}))

    shown = client.get(page).content.decode()
    answer = client.get(f"{page}wrong.csv")

    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert "some are only counted here" in shown
    assert [row[:3] for row in rows[1:]] == [
        ["2", "E-mail (email)", "'=noor"],
        ["3", "E-mail (email)", "y"],
    ]


def test_file_of_wrong_cells_leaves_out_the_doubles_that_the_preview_takes(client, upload):
    page = upload(as_csv({}, {"external_id": "S-2"}, {**SECOND, "external_id": "S-3", "email": "y"}))

    def listed(preview):
        answer = client.get(preview.context["wrong_url"])
        return {row["Line"] for row in csv.DictReader(StringIO(answer.content.decode("utf-8-sig")))}

    assert listed(client.get(page)) == {"3", "4"}
    assert listed(client.post(page, {"take_doubles": "1"})) == {"4"}


def test_file_of_wrong_cells_of_another_member_is_not_found(client, clinic, upload):
    page = upload(as_csv({**SECOND, "email": "x"}))
    client.force_login(factories.user(clinic, Role.STAFF))

    assert client.get(f"{page}wrong.csv").status_code == 404


def test_member_of_one_clinic_is_not_asked_for_which_clinic_a_file_is(client, staff, clinic):
    page = client.get(PATIENTS).content.decode()

    assert f'<input type="hidden" name="clinic" value="{clinic.pk}"' in page
    assert "Choose a clinic" not in page


def test_member_of_two_clinics_chooses_one_for_a_file(client, staff):
    Membership.objects.create(user=staff, clinic=factories.clinic(), role=Role.STAFF)

    page = client.get(PATIENTS).content.decode()

    assert '<option value="" selected>Choose a clinic</option>' in page
