"""Patients: found by what staff know of them, with consent in one tick, paused and resumed with a reason."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from aftercare.clinics.models import Patient, Role
from aftercare.outbox.models import Status, Why
from aftercare.outbox.planning import complete_session
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
ADD = "/admin/clinics/patient/add/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def staff(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    client.force_login(user)
    return user


@pytest.fixture
def posted(clinic):
    return {
        "clinic": clinic.pk,
        "first_name": "Amara",
        "last_name": "Okafor",
        "email": "amara.okafor@example.com",
        "agreed": "on",
        "email_consent_version": "2026-03",
    }


def page(patient, name="change"):
    return reverse(f"admin:clinics_patient_{name}", args=[patient.pk])


def errors_of(answer):
    return {name: " ".join(texts) for name, texts in answer.context["adminform"].form.errors.items()}


def found(client, term):
    asked = {"app_label": "treatments", "model_name": "treatmentsession", "field_name": "patient"}
    results = client.get(reverse("admin:autocomplete"), {**asked, "term": term}).json()["results"]
    return [result["text"] for result in results]


def test_new_patient_agrees_with_one_tick(client, staff, posted):
    client.post(ADD, posted)

    patient = Patient.objects.get()
    assert (patient.email_consent_version, patient.email_consent_at) == ("2026-03", NOW)


def test_patient_who_does_not_agree_is_stored_without_consent(client, staff, posted):
    posted.pop("agreed")

    client.post(ADD, posted)

    assert not Patient.objects.get().consents


def test_consent_given_earlier_keeps_its_time_on_the_clinics_clock(client, posted):
    clinic = factories.clinic(time_zone="America/Mexico_City")
    client.force_login(factories.user(clinic, Role.STAFF))

    client.post(ADD, {**posted, "clinic": clinic.pk, "email_consent_at": "2026-03-28T09:00"})

    assert Patient.objects.get().email_consent_at == datetime(2026, 3, 28, 15, tzinfo=UTC)


BAD = [
    ("email", {"email": "amara.okafor@example"}, ""),
    ("email", {"email": "amara okafor"}, ""),
    ("email_consent_version", {"email_consent_version": ""}, "Name the wording"),
    ("email_consent_at", {"email_consent_at": "2026-03-29T10:00"}, "in the future"),
    ("email_consent_at", {"email_consent_at": "0001-01-01T00:00"}, "Check the year"),
    ("email_consent_at", {"email_consent_at": "9999-12-31T23:59"}, "Check the year"),
    ("birth_date", {"birth_date": "0001-01-01"}, "Check the year"),
    ("birth_date", {"birth_date": "2027-01-01"}, "in the future"),
    ("first_name", {"first_name": ""}, "required"),
    ("first_name", {"first_name": "Ama\N{REPLACEMENT CHARACTER}ra"}, "could not be read"),
]


def test_patient_like_a_known_one_is_added_only_when_asked_for(client, staff, clinic, posted):
    known = factories.patient(clinic, email=posted["email"].upper())

    answer = client.post(ADD, posted)
    assert page(known) in answer.content.decode()
    assert list(Patient.objects.all()) == [known]

    client.post(ADD, {**posted, "anyway": "1"})
    assert Patient.objects.count() == 2


@pytest.mark.parametrize(("field", "change", "text"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_is_answered_beside_its_field(field, change, text, client, staff, posted):
    answer = client.post(ADD, {**posted, **change})

    assert text in errors_of(answer)[field]
    assert not Patient.objects.exists()


def test_external_id_is_taken_once_in_a_clinic(client, staff, clinic, posted):
    factories.patient(clinic, external_id="P-1")
    mine = factories.patient(clinic)

    answer = client.post(page(mine), {**posted, "external_id": "P-1"})

    assert answer.status_code == 200
    assert "uses this external id already" in errors_of(answer)["external_id"]


@pytest.mark.parametrize(
    "term", ["okaf", "amara okafor", "amara.okafor@", "1990-04-03", "03/04/1990", "EXT-7"]
)
def test_patient_is_found_by_name_address_birth_date_and_external_id(term, client, staff, clinic):
    factories.patient(clinic, first_name="Tom", last_name="Whitlock", birth_date=date(1980, 1, 1))
    factories.patient(
        clinic,
        first_name="Amara",
        last_name="Okafor",
        email="amara.okafor@example.com",
        birth_date=date(1990, 4, 3),
        external_id="EXT-7",
    )

    assert found(client, term) == ["Amara Okafor · 3 Apr 1990 · amara.okafor@example.com"]


def test_recorded_consent_releases_what_was_held(client, staff, clinic, posted):
    patient = factories.patient(clinic, email_consent_at=None, email_consent_version="")
    session = factories.treatment_session(clinic, patient=patient, ended_at=NOW - timedelta(minutes=30))
    complete_session(session, by=None, now=NOW)

    asked = client.post(page(patient), posted).context["adminform"].form
    client.post(page(patient), {**posted, "agreed_change": asked.change_digest()})

    assert {row.status for row in session.scheduled_messages.all()} == {Status.SCHEDULED}


def test_pausing_needs_a_reason_and_holds_messages(client, staff, clinic):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(minutes=30))
    complete_session(session, by=None, now=NOW)

    refused = client.post(page(session.patient, "pause"), {"reason": ""})
    client.post(page(session.patient, "pause"), {"reason": "Asked us to wait."})

    session.patient.refresh_from_db()
    assert "Give the reason" in refused.content.decode()
    assert session.patient.paused_reason == "Asked us to wait."
    assert {row.why for row in session.scheduled_messages.all()} == {Why.PATIENT_PAUSED}


def test_resuming_releases_messages(client, staff, clinic):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(minutes=30))
    complete_session(session, by=None, now=NOW)
    client.post(page(session.patient, "pause"), {"reason": "Asked us to wait."})

    client.post(page(session.patient, "resume"))

    assert {row.status for row in session.scheduled_messages.all()} == {Status.SCHEDULED}


def test_pausing_twice_does_nothing_and_says_so(client, staff, clinic):
    patient = factories.patient(clinic, paused_at=NOW, paused_reason="Before")

    answer = client.post(page(patient, "pause"), {"reason": "Again"}, follow=True)

    patient.refresh_from_db()
    assert "Nothing was done" in answer.content.decode()
    assert patient.paused_reason == "Before"


def test_viewer_does_not_pause(client, clinic):
    client.force_login(factories.user(clinic, Role.VIEWER))
    patient = factories.patient(clinic)

    answer = client.post(page(patient, "pause"), {"reason": "No."})

    patient.refresh_from_db()
    assert (answer.status_code, patient.paused_at) == (403, None)


def test_page_lists_sessions_and_messages(client, staff, clinic):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(minutes=30))
    complete_session(session, by=None, now=NOW)

    html = client.get(page(session.patient)).content.decode()

    assert "Sat 28 Mar, 15:32 London time" in html
    assert "First night" in html


def test_pop_up_hands_the_new_patient_back(client, staff, posted):
    answer = client.post(f"{ADD}?_to_field=id&_popup=1", {**posted, "_popup": "1", "_to_field": "id"})

    assert str(Patient.objects.get().pk) in answer.content.decode()
    assert "Amara Okafor" in answer.content.decode()
