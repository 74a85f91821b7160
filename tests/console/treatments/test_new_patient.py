"""A patient added in place: made once, in the user's clinic, and not when the clinic knows them already."""

from datetime import date

import pytest

from aftercare.clinics.models import Patient, Role
from tests import factories
from tests.console.treatments.pages import NOW

pytestmark = pytest.mark.django_db
NEW = "/admin/treatments/treatmentsession/new-patient/"


@pytest.fixture
def given(clinic):
    return {
        "clinic": clinic.pk,
        "first_name": "Amara",
        "last_name": "Okafor",
        "email": "amara.okafor@example.com",
        "birth_date": "1990-04-03",
        "agreed": "on",
        "email_consent_version": "2026-03",
    }


def test_form_asks_for_what_is_needed_and_for_the_sessions_clinic(client, staff, clinic):
    html = client.get(NEW, {"clinic": clinic.pk}).content.decode()

    assert f'name="clinic" value="{clinic.pk}"' in html
    for name in ("first_name", "last_name", "email", "birth_date", "phone", "agreed"):
        assert f'name="{name}"' in html


def test_form_says_what_it_means_that_the_patient_has_not_agreed(client, staff, clinic):
    html = client.get(NEW, {"clinic": clinic.pk}).content.decode()

    assert "Without it messages are held and nothing is sent." in html


def test_new_patient_is_handed_back_by_name(client, staff, given):
    answer = client.post(NEW, given).json()

    patient = Patient.objects.get()
    assert answer == {
        "id": patient.pk,
        "text": "Amara Okafor · 3 Apr 1990 · amara.okafor@example.com",
    }
    assert (patient.birth_date, patient.email_consent_at) == (date(1990, 4, 3), NOW)
    assert patient.history.get().history_user == staff


def test_patient_who_does_not_agree_is_made_without_consent(client, staff, given):
    client.post(NEW, {name: value for name, value in given.items() if name != "agreed"})

    assert not Patient.objects.get().consents


@pytest.mark.parametrize(("name", "value"), [("email", "amara"), ("last_name", ""), ("birth_date", "x")])
def test_wrong_field_is_answered_beside_it_and_nobody_is_made(client, staff, given, name, value):
    answer = client.post(NEW, {**given, name: value})

    assert answer.context["form"].errors.keys() == {name}
    assert "field-error" in answer.content.decode()
    assert not Patient.objects.exists()


ALIKE = [
    {"first_name": "amara", "last_name": "OKAFOR", "email": "other@example.com"},
    {"first_name": "Amara", "last_name": "Okafor", "birth_date": date(1990, 4, 3)},
    {"email": "Amara.Okafor@example.com"},
]


@pytest.mark.parametrize("known", ALIKE, ids=["name", "name and birth date", "address"])
def test_patient_known_already_is_offered_instead_of_made_twice(client, staff, clinic, given, known):
    there = factories.patient(clinic, **known)

    asked = client.post(NEW, given)
    made = client.post(NEW, {**given, "anyway": "1"}).json()

    assert f'data-known="{there.pk}"' in asked.content.decode()
    assert made["id"] != there.pk
    assert Patient.objects.count() == 2


def test_namesake_with_another_birth_date_is_another_patient(client, staff, clinic, given):
    factories.patient(clinic, first_name="Amara", last_name="Okafor", birth_date=date(1961, 1, 1))

    assert "id" in client.post(NEW, given).json()


def test_patients_of_another_clinic_are_neither_shown_nor_added_to(client, staff, given):
    other = factories.clinic(name="Zanzibar")
    factories.patient(other, first_name="Amara", last_name="Okafor", email="zanzibar@example.com")

    made = client.post(NEW, given)
    foreign = client.post(NEW, {**given, "clinic": other.pk})
    form = client.get(NEW, {"clinic": other.pk})

    assert "zanzibar" not in made.content.decode() + form.content.decode().lower()
    assert "clinic" in foreign.context["form"].errors
    assert Patient.objects.filter(clinic=other).count() == 1


def test_viewer_adds_nobody(client, clinic, given):
    client.force_login(factories.user(clinic, Role.VIEWER))

    assert client.post(NEW, given).status_code == 403
    assert not Patient.objects.exists()
