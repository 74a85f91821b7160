"""A change of zone, quiet hours or consent says which messages it moves, and waits until agreed to."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.outbox.models import Status
from aftercare.outbox.planning import complete_session
from tests import factories
from tests.console.test_clinics import NO_HOURS

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
PATIENT = ("first_name", "last_name", "email", "phone", "locale", "email_consent_version")
CLINIC = (
    "name",
    "locale",
    "phone",
    "out_of_hours_contact",
    "emergency_number",
    "sender_name",
    "sender_email",
    "after_complaint",
)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic(client):
    clinic = factories.clinic(time_zone="America/Mexico_City")
    client.force_login(factories.user(clinic, Role.OWNER))
    return clinic


@pytest.fixture
def session(clinic):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(minutes=30))
    complete_session(session, by=None, now=NOW)
    return session


def url_of(row):
    return reverse(f"admin:clinics_{row._meta.model_name}_change", args=[row.pk])


def clinic_form(clinic, **change):
    fields = {name: getattr(clinic, name) for name in CLINIC}
    hours = {"time_zone": "America/Mexico_City", "quiet_from": "21:00", "quiet_until": "08:00"}
    return {**fields, **NO_HOURS, **hours, "colour": "#0f766e", **change}


def patient_form(patient, **change):
    fields = {name: getattr(patient, name) for name in PATIENT}
    return {**fields, "agreed": "on", "email_consent_at": "2026-01-05T04:00", "time_zone": "", **change}


def agree(client, row, form, asked):
    digest = asked.context["adminform"].form.change_digest()
    return client.post(url_of(row), {**form, "agreed_change": digest})


def times(session):
    return dict(session.scheduled_messages.values_list("step__slug", "send_at"))


def test_zone_of_a_clinic_is_not_changed_before_it_is_said_what_moves(client, clinic, session):
    before = times(session)

    answer = client.post(url_of(clinic), clinic_form(clinic, time_zone="Asia/Tokyo"))

    clinic.refresh_from_db()
    foreseen = answer.context["adminform"].form.foreseen
    assert (clinic.time_zone.key, times(session)) == ("America/Mexico_City", before)
    assert foreseen.total == 1
    assert "1 planned message gets another time." in answer.content.decode()
    assert "Please correct the error" not in answer.content.decode()


def test_zone_of_a_clinic_is_changed_once_agreed_to(client, clinic, session):
    form, before = clinic_form(clinic, time_zone="Asia/Tokyo"), times(session)
    asked = client.post(url_of(clinic), form)

    agree(client, clinic, form, asked)

    clinic.refresh_from_db()
    assert clinic.time_zone.key == "Asia/Tokyo"
    assert times(session) != before


def test_agreeing_to_one_zone_is_not_agreeing_to_another(client, clinic, session):
    asked = client.post(url_of(clinic), clinic_form(clinic, time_zone="Asia/Tokyo"))

    agree(client, clinic, clinic_form(clinic, time_zone="Europe/Madrid"), asked)

    clinic.refresh_from_db()
    assert clinic.time_zone.key == "America/Mexico_City"


@pytest.mark.parametrize(
    ("hour", "kind", "said"),
    [
        (10, "at_once", "1 of them goes at once."),  # 11:00 in London, where it was to come at 09:00
        (18, "missed", "1 planned message is missed"),  # 19:00 in London, where its window ended at 18:00
    ],
)
def test_messages_that_would_go_at_once_or_be_missed_are_counted(
    hour, kind, said, client, clinic, session, clock
):
    session.scheduled_messages.exclude(step__slug="day-1").update(status=Status.SENT, sent_at=NOW)
    clock.move_to(datetime(2026, 3, 29, hour, tzinfo=UTC))

    answer = client.post(url_of(clinic), clinic_form(clinic, time_zone="Europe/London"))

    assert getattr(answer.context["adminform"].form.foreseen, kind) == 1
    assert said in answer.content.decode()


def test_change_that_moves_nothing_is_saved_at_once(client, clinic, session):
    client.post(url_of(clinic), clinic_form(clinic, quiet_from="21:30"))

    clinic.refresh_from_db()
    assert f"{clinic.quiet_from:%H:%M}" == "21:30"


def test_consent_taken_back_says_how_many_messages_are_held(client, clinic, session):
    form = patient_form(session.patient)
    form.pop("agreed")

    asked = client.post(url_of(session.patient), form)
    before = set(session.scheduled_messages.values_list("status", flat=True))
    agree(client, session.patient, form, asked)

    assert "2 planned messages are held." in asked.content.decode()
    assert before == {Status.SCHEDULED}
    assert set(session.scheduled_messages.values_list("status", flat=True)) == {Status.HELD}


def test_consent_given_says_how_many_messages_are_released(client, clinic):
    patient = factories.patient(clinic, email_consent_at=None, email_consent_version="")
    session = factories.treatment_session(clinic, patient=patient, ended_at=NOW - timedelta(minutes=30))
    complete_session(session, by=None, now=NOW)
    form = patient_form(patient, email_consent_version="2026-03")

    answer = client.post(url_of(patient), form)

    patient.refresh_from_db()
    assert "2 messages that are held are released." in answer.content.decode()
    assert not patient.consents


def test_patient_without_promises_is_saved_at_once(client, clinic):
    patient = factories.patient(clinic)

    client.post(url_of(patient), patient_form(patient, time_zone="Asia/Tokyo"))

    patient.refresh_from_db()
    assert patient.time_zone.key == "Asia/Tokyo"


def test_foreseen_is_what_happens(client, clinic, session):
    form = patient_form(session.patient, time_zone="Asia/Tokyo")
    before = times(session)
    asked = client.post(url_of(session.patient), form)

    agree(client, session.patient, form, asked)

    after = times(session)
    moved = {slug: at for slug, at in after.items() if at != before[slug]}
    foreseen = asked.context["adminform"].form.foreseen
    assert {each.step.slug: each.after for each in foreseen.examples} == moved
