"""The first page says when a clinic asks its patients and could not hear the answer."""

from datetime import time

import pytest
from django.urls import reverse

from aftercare.clinics.hours import OpeningHours
from aftercare.clinics.models import Role
from tests import factories

pytestmark = pytest.mark.django_db
NO_RULES = "asks for check-ins that nobody can answer"
NO_HOURS = "has no opening hours"
NO_REMINDER = "reminds nobody of a check-in"


@pytest.fixture
def clinic(client):
    clinic = factories.clinic()
    template = factories.template(clinic, asks_check_in=True)
    factories.approved_version(template)
    client.force_login(factories.user(clinic, Role.STAFF))
    return clinic


def first_page(client):
    return client.get(reverse("admin:index")).content.decode()


def test_missing_rules_are_told_first(client, clinic):
    page = first_page(client)

    assert NO_RULES in page
    assert NO_HOURS not in page


def test_missing_hours_are_told_once_there_are_rules(client, clinic):
    factories.approved_rules(clinic)

    assert NO_HOURS in first_page(client)


def test_missing_reminder_is_told_last(client, clinic):
    make_ready(clinic)

    page = first_page(client)

    assert NO_REMINDER in page
    assert NO_HOURS not in page


def test_ready_clinic_has_no_alarm(client, clinic):
    make_ready(clinic)
    factories.approved_version(factories.template(clinic, purpose="reminder", asks_check_in=True))

    page = first_page(client)

    assert NO_RULES not in page
    assert NO_HOURS not in page
    assert NO_REMINDER not in page


def make_ready(clinic):
    """Rules and hours, and no reminder yet."""
    factories.approved_rules(clinic)
    OpeningHours.objects.create(
        clinic=clinic, weekday=0, opens_local_time=time(9), closes_local_time=time(18)
    )


def test_clinic_that_asks_nothing_needs_nothing(client, clinic):
    clinic.message_templates.update(asks_check_in=False)

    assert NO_RULES not in first_page(client)
