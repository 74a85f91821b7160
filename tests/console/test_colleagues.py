"""Two people with the same page open: whoever saves later overwrites nobody unseen, and loses nothing."""

import json
from datetime import time

import pytest
from django.contrib import admin
from django.db import models
from django.urls import reverse

from aftercare.clinics.hours import OpeningHours
from aftercare.clinics.models import Role
from aftercare.protocols.models import Restriction, Topic
from tests import factories
from tests.console.browser_form import as_browser
from tests.console.test_scoping import populate

pytestmark = pytest.mark.django_db
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture(autouse=True)
def owner(client, clinic):
    user = factories.user(clinic, Role.OWNER)
    client.force_login(user)
    return user


def url_of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def opened(client, row):
    """The form of the row's page as a browser would send it now."""
    return as_browser(client.get(url_of(row)))


def errors_of(answer):
    return " ".join(answer.context["adminform"].form.non_field_errors())


def test_stale_page_of_a_patient_takes_no_address_back(client, clinic):
    patient = factories.patient(clinic, email="old@example.com", phone="")
    mine = opened(client, patient)
    type(patient).objects.filter(pk=patient.pk).update(email="right@example.com")

    answer = client.post(url_of(patient), {**mine, "phone": "020 7946 0999"})

    patient.refresh_from_db()
    assert (patient.email, patient.phone) == ("right@example.com", "")
    assert "Now as your colleague has it: E-mail" in errors_of(answer)
    shown = as_browser(answer)
    assert (shown["email"], shown["phone"]) == (["right@example.com"], ["020 7946 0999"])


def test_page_shown_again_with_the_colleagues_values_can_be_saved(client, clinic):
    patient = factories.patient(clinic, email="old@example.com")
    mine = opened(client, patient)
    type(patient).objects.filter(pk=patient.pk).update(email="right@example.com")
    again = as_browser(client.post(url_of(patient), {**mine, "phone": "020 7946 0999"}))

    answer = client.post(url_of(patient), again)

    patient.refresh_from_db()
    assert answer.status_code == 302
    assert (patient.email, patient.phone) == ("right@example.com", "020 7946 0999")


def test_field_that_both_changed_stays_as_typed_and_names_both_values(client, clinic):
    patient = factories.patient(clinic, first_name="Amara")
    mine = opened(client, patient)
    type(patient).objects.filter(pk=patient.pk).update(first_name="Amaya")

    answer = client.post(url_of(patient), {**mine, "first_name": "Amira"})

    assert "stored is “Amaya”. If you save, “Amira” takes its place." in errors_of(answer)
    assert as_browser(answer)["first_name"] == ["Amira"]
    patient.refresh_from_db()
    assert patient.first_name == "Amaya"


def test_consent_withdrawn_meanwhile_is_not_given_back(client, clinic):
    patient = factories.patient(clinic)
    mine = opened(client, patient)
    type(patient).objects.filter(pk=patient.pk).update(email_consent_at=None, email_consent_version="")

    answer = client.post(url_of(patient), {**mine, "phone": "020 7946 0999"})

    patient.refresh_from_db()
    assert not patient.consents
    assert "agreed" not in as_browser(answer)


def test_stale_page_of_a_protocol_shortens_no_wait(client, clinic):
    protocol = factories.protocol(clinic)
    heat = protocol.restrictions.get(topic=Topic.HEAT) if protocol.restrictions.exists() else None
    heat = heat or Restriction.objects.create(
        protocol=protocol, topic=Topic.HEAT, hours_light=72, hours_deeper=72
    )
    mine = opened(client, protocol)
    Restriction.objects.filter(pk=heat.pk).update(hours_light=96)

    answer = client.post(url_of(protocol), {**mine, "name": "Another name"})

    heat.refresh_from_db()
    protocol.refresh_from_db()
    assert heat.hours_light == 96
    assert protocol.name != "Another name"
    assert "Now as your colleague has it: " in errors_of(answer)
    again = client.post(url_of(protocol), as_browser(answer))
    heat.refresh_from_db()
    protocol.refresh_from_db()
    assert (again.status_code, heat.hours_light, protocol.name) == (302, 96, "Another name")


def test_part_that_a_colleague_added_stays(client, clinic):
    mine = opened(client, clinic)
    OpeningHours.objects.create(
        clinic=clinic, weekday=2, opens_local_time=time(9), closes_local_time=time(17)
    )

    answer = client.post(url_of(clinic), {**mine, "phone": "020 7946 0123"})
    assert answer.status_code == 200
    again = client.post(url_of(clinic), as_browser(answer))

    clinic.refresh_from_db()
    assert (again.status_code, clinic.phone) == (302, "020 7946 0123")
    assert clinic.opening_hours.count() == 1


def test_part_that_a_colleague_removed_stays_removed_and_is_named(client, clinic):
    hours = OpeningHours.objects.create(
        clinic=clinic, weekday=2, opens_local_time=time(9), closes_local_time=time(17)
    )
    mine = opened(client, clinic)
    name = str(hours)
    hours.delete()

    answer = client.post(url_of(clinic), {**mine, "phone": "020 7946 0123"})
    again = client.post(url_of(clinic), as_browser(answer))

    assert f"“{name}” was removed." in errors_of(answer)
    assert again.status_code == 302
    assert not clinic.opening_hours.exists()


def test_page_that_nobody_else_saved_is_saved_at_once(client, clinic):
    patient = factories.patient(clinic)

    answer = client.post(url_of(patient), {**opened(client, patient), "phone": "020 7946 0999"})

    patient.refresh_from_db()
    assert (answer.status_code, patient.phone) == (302, "020 7946 0999")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"": 1}', json.dumps({"": ["a", "b"]}), "[" * 9999])
def test_page_that_was_built_from_nothing_known_is_refused(client, clinic, text):
    patient = factories.patient(clinic)

    answer = client.post(url_of(patient), {**opened(client, patient), "read_as": text})

    assert answer.status_code == 400


def changed_by_a_colleague(row, form):
    """Stores another value in one of the form's fields; its name and value."""
    for name in form.fields:
        field = next((each for each in row._meta.concrete_fields if each.name == name), None)
        if field is None or form.fields[name].disabled or field.is_relation or field.choices:
            continue
        if isinstance(field, models.BooleanField):
            value = not getattr(row, name)
        elif isinstance(field, models.CharField | models.TextField):
            value = f"{getattr(row, name)}x"
        elif isinstance(field, models.IntegerField):
            value = (getattr(row, name) or 0) + 1
        else:
            continue
        type(row)._default_manager.filter(pk=row.pk).update(**{name: value})
        return name, value
    return None


def test_every_page_that_can_be_saved_tells_of_colleagues(client, clinic):
    populate(clinic)
    client.force_login(factories.user(None, username="root", is_superuser=True))
    looked_at, overwritten = set(), []
    for model in REGISTERED:
        row = model._default_manager.order_by("pk").first()
        page = client.get(url_of(row))
        form = page.context["adminform"].form if page.context and "adminform" in page.context else None
        if form is None or not form.fields or not admin.site._registry[model].tells_of_colleagues:
            continue
        changed = changed_by_a_colleague(row, form)
        if changed is None:
            continue
        looked_at.add(model._meta.label)
        answer = client.post(url_of(row), as_browser(page))
        row.refresh_from_db()
        if answer.status_code != 200 or getattr(row, changed[0]) != changed[1]:
            overwritten.append((model._meta.label, changed, answer.status_code))
    assert overwritten == []
    assert {"clinics.Clinic", "clinics.Patient", "protocols.Protocol", "clinics.User"} <= looked_at
    assert len(looked_at) >= 7, looked_at
