"""What staff read about a file to import: words for each column, an example, and what is doubled."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from aftercare.clinics.models import Patient, Role
from aftercare.outbox.importing.files import columns_of
from aftercare.outbox.importing.meanings import MEANINGS
from aftercare.outbox.models import ImportKind, ScheduledMessage
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.factories import ENDED_AT

pytestmark = pytest.mark.django_db
SESSIONS = "/admin/treatments/treatmentsession/import/"
PATIENTS = "/admin/clinics/patient/import/"


@pytest.fixture(autouse=True)
def that_evening():
    with time_machine.travel(ENDED_AT + timedelta(hours=1), tick=False):
        yield


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def staff(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    client.force_login(user)
    return user


def example(client, url, clinic, file_type):
    answer = client.get(f"{url}example/", {"clinic": clinic.pk, "file_type": file_type})
    return b"".join(answer.streaming_content)


def preview(client, url, clinic, data, name="file.csv"):
    upload = SimpleUploadedFile(name, data)
    return client.post(url, {"clinic": clinic.pk, "file": upload}, follow=True)


def found(report):
    return [str(each) for each in (*report.problems, *report.conflicts, *report.doubles, *report.kept)]


@pytest.mark.parametrize("kind", ImportKind.values)
def test_every_column_of_a_file_has_its_words(kind):
    assert [name for name in columns_of(kind).all if name not in MEANINGS] == []


@pytest.mark.parametrize("file_type", ["csv", "xlsx"])
@pytest.mark.parametrize(("url", "rows"), [(SESSIONS, 2), (PATIENTS, 2)], ids=["sessions", "patients"])
def test_example_is_taken_in_without_a_word_against_it(client, staff, clinic, url, rows, file_type):
    factories.practitioner(clinic)
    factories.protocol(clinic, variants=["rf"])

    shown = preview(client, url, clinic, example(client, url, clinic, file_type), f"file.{file_type}")

    report = shown.context["report"]
    assert (found(report), len(report.new)) == ([], rows)


def test_example_is_taken_in_where_nobody_is_licensed_and_two_are_namesakes(client, staff, clinic):
    for number in ("", "GMC-7"):
        factories.practitioner(
            clinic, name="Dr Moreau", licence_number=number, licence_confirmed_at=None, active=number != ""
        )
    factories.protocol(clinic)

    shown = preview(client, SESSIONS, clinic, example(client, SESSIONS, clinic, "csv"))

    assert (found(shown.context["report"]), len(shown.context["report"].new)) == ([], 2)


def test_stored_example_sends_nothing(client, staff, clinic):
    factories.practitioner(clinic)
    factories.protocol(clinic)
    shown = preview(client, SESSIONS, clinic, example(client, SESSIONS, clinic, "csv"))

    client.post(shown.redirect_chain[-1][0], {"seen": shown.context["seen"], "_store": "1"})

    assert TreatmentSession.objects.filter(state="completed").count() == 2
    assert set(ScheduledMessage.objects.values_list("status", flat=True)) == {"missed"}


def test_example_of_a_clinic_without_people_or_plans_says_what_to_add_first(client, staff, clinic):
    def said():
        answer = client.get(f"{SESSIONS}example/", {"clinic": clinic.pk, "file_type": "csv"}, follow=True)
        return unescape(answer.content.decode())

    assert "Add a practitioner first" in said()
    factories.practitioner(clinic)
    assert "Add a protocol first" in said()


def test_example_for_another_clinic_or_of_another_type_is_not_found(client, staff, clinic):
    other = factories.clinic()

    answers = [
        client.get(f"{PATIENTS}example/", {"clinic": which.pk, "file_type": kind}).status_code
        for which, kind in ((other, "csv"), (clinic, "exe"))
    ]

    assert answers == [404, 404]


def test_columns_are_explained_with_label_name_and_form(client, staff):
    shown = " ".join(client.get(SESSIONS).content.decode().split())

    assert "<td>Birth date<br><code>birth_date</code></td> <td><code>1988-04-02</code>" in shown
    assert "<dt><code>around_mouth</code></dt><dd>Around the mouth</dd>" in shown
    assert (
        "<dt><code>keloid</code></dt><dd>Keloid or raised (hypertrophic) scars, now or before</dd>" in shown
    )


def test_mapping_offers_each_column_by_its_label(client, staff, clinic):
    shown = preview(client, PATIENTS, clinic, b"first_name,last_name,email\nNoor,Haddad,noor@example.com\n")

    assert '<option value="birth_date">Birth date (birth_date)</option>' in shown.content.decode()
    assert '<option value="email" selected>E-mail (email) *</option>' in shown.content.decode()


def test_patient_doubled_in_a_file_is_said_to_be_and_not_to_be_stored_already(client, staff, clinic):
    row = b"Noor,Haddad,noor@example.com\n"

    shown = preview(client, PATIENTS, clinic, b"first_name,last_name,email\n" + row + row)

    report = shown.context["report"]
    assert (len(report.new), report.unchanged, len(report.repeated)) == (1, 0, 1)
    assert "Doubled in this file: see line 2. It is stored once." in shown.content.decode()
    assert Patient.objects.count() == 0


def test_what_must_be_ticked_before_storing_stands_beside_the_button(client, staff, clinic):
    rows = b"first_name,last_name,email\nNoor,Haddad,noor@example.com\nAmara,,x\n"

    shown = preview(client, PATIENTS, clinic, rows).content.decode()

    assert "To store the others, tick above that 1 row is left out" in shown
    assert '<input type="checkbox" name="leave_out" value="1" required>' in shown
    assert "Store 1 row · leave out 1</button>" in shown
