"""What saving a session came to: green when its messages will go, amber when something keeps them back."""

import pytest
from django.urls import reverse

from aftercare.clinics.models import Patient
from tests import factories
from tests.console.treatments.pages import ADD

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(client, staff, clinic, posted):
    """Completes a session with such a patient; the lines that the page shows then, with their kinds."""

    def complete(**patient):
        data = {**posted, "patient": factories.patient(clinic, last_name="Okafor", **patient).pk}
        answer = client.post(ADD, {**data, "_complete": "1"}, follow=True)
        return [(line.level_tag, str(line)) for line in answer.context["messages"]]

    return complete


def test_completed_session_says_how_many_messages_are_scheduled(told):
    lines = told()

    assert lines == [("success", "Completed. 2 messages are scheduled.")]


def test_session_of_a_patient_without_consent_asks_for_it_in_amber(told):
    lines = told(email_consent_at=None, email_consent_version="")

    [(kind, text)] = lines
    assert kind == "warning"
    assert "2 messages are held: Amara Okafor has not agreed to e-mails." in text
    page = reverse("admin:clinics_patient_change", args=[Patient.objects.get(last_name="Okafor").pk])
    assert f'<a href="{page}">Record the consent</a>' in text


def test_session_of_a_paused_patient_says_that_its_messages_are_held(told):
    lines = told(paused_at=factories.ENDED_AT, paused_reason="Away.")

    assert lines == [("warning", "Completed. 2 messages are held.")]


def test_session_of_a_patient_without_a_phone_number_says_so_in_amber(told):
    [(kind, text), completed] = told(phone="")

    assert kind == "warning"
    assert "There is no phone number for Amara Okafor: nobody can call if an answer needs it." in text
    assert completed == ("success", "Completed. 2 messages are scheduled.")
