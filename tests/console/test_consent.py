"""Consent: nobody is taken to have given it, and its instant is kept to the second."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.urls import reverse

from aftercare.clinics.models import Patient, Role
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 10, 15, 37, 250_000, tzinfo=UTC)
ADD = "/admin/clinics/patient/add/"
IN_PLACE = "/admin/treatments/treatmentsession/new-patient/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic(client):
    clinic = factories.clinic()
    client.force_login(factories.user(clinic, Role.STAFF))
    return clinic


def saved(client, patient, **change):
    """Opens the patient's page, changes what is given and saves the form as it stood."""
    url = reverse("admin:clinics_patient_change", args=[patient.pk])
    form = client.get(url).context["adminform"].form
    shown = {name: form[name].value() for name in form.fields}
    shown["email_consent_at"] = f"{shown['email_consent_at']:%Y-%m-%dT%H:%M}"
    client.post(
        url, {name: value for name, value in {**shown, **change}.items() if value not in (None, False)}
    )
    patient.refresh_from_db()
    return patient


@pytest.mark.parametrize("url", [ADD, IN_PLACE])
def test_consent_of_a_new_patient_is_not_ticked_beforehand(url, client, clinic):
    answer = client.get(url, {"clinic": clinic.pk})

    shown = answer.context["adminform"].form if url == ADD else answer.context["form"]
    assert not shown["agreed"].value()


@pytest.mark.parametrize(
    "agreed_at",
    [NOW, datetime(2026, 10, 25, 1, 30, 12, tzinfo=UTC)],
    ids=["seconds and their fraction", "second 01:30 of an autumn night"],
)
def test_edit_of_something_else_leaves_the_instant_of_consent_alone(agreed_at, client, clinic):
    patient = factories.patient(clinic, email_consent_at=agreed_at)

    saved(client, patient, phone="020 7946 0002")

    assert (patient.phone, patient.email_consent_at) == ("020 7946 0002", agreed_at)


def test_edit_of_something_else_plans_nothing_anew(client, clinic):
    patient = factories.patient(clinic, email_consent_at=NOW)

    saved(client, patient, phone="020 7946 0002")

    said = [str(text) for text in client.get("/admin/").context["messages"]]
    assert not any("planned anew" in text for text in said)


def test_consent_given_another_minute_is_that_minute(client, clinic):
    patient = factories.patient(clinic, email_consent_at=NOW)

    saved(client, patient, email_consent_at="2026-11-20T10:14")

    assert patient.email_consent_at == datetime(2026, 11, 20, 10, 14, tzinfo=UTC)


def test_new_patient_added_with_nothing_ticked_has_not_agreed(client, clinic):
    names = {"first_name": "Amara", "last_name": "Okafor", "email": "amara@example.com"}

    client.post(ADD, {"clinic": clinic.pk, "email_consent_version": "2026-03", **names})

    assert not Patient.objects.get().consents
