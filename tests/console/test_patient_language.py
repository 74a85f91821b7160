"""Choosing a patient's language says at once what they will read in another one."""

import pytest

from aftercare.checkins.approving import approve_rules, save_rules
from aftercare.clinics.models import Patient, Role
from tests import factories

pytestmark = pytest.mark.django_db
TEXTS = "after a check-in, patients read the texts of the levels in English."


@pytest.fixture
def add(client):
    """Adds a patient with such a language; what the page says then."""
    clinic = factories.clinic()
    approve_rules(save_rules(clinic), by=factories.practitioner(clinic), now=factories.ENDED_AT)
    client.force_login(factories.user(clinic, Role.STAFF))
    row = {"clinic": clinic.pk, "first_name": "Nadia", "last_name": "Saleh", "email": "nadia@example.com"}

    def added(locale):
        answer = client.post("/admin/clinics/patient/add/", {**row, "locale": locale}, follow=True)
        assert Patient.objects.get(last_name="Saleh").locale == locale
        return [str(line) for line in answer.context["messages"]]

    return added


def test_language_without_texts_is_told_with_what_takes_their_place(add):
    assert f"Arabic: {TEXTS}" in add("ar")


@pytest.mark.parametrize("locale", ["es-ES", ""])
def test_language_with_texts_is_told_nothing_of(add, locale):
    assert not [line for line in add(locale) if TEXTS in line]
