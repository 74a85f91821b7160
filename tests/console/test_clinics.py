"""A clinic's settings: whose they are, what changing them does to promises, and the pause of all."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from aftercare.clinics.models import Clinic, Role
from aftercare.outbox.models import Status, Why
from aftercare.outbox.planning import complete_session
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
NO_HOURS = {
    f"{rows}-{kind}_FORMS": 0 for rows in ("opening_hours", "holidays") for kind in ("TOTAL", "INITIAL")
}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def owner(client, clinic):
    user = factories.user(clinic, Role.OWNER)
    client.force_login(user)
    return user


@pytest.fixture
def posted(clinic):
    fields = (
        "name",
        "locale",
        "phone",
        "out_of_hours_contact",
        "emergency_number",
        "sender_name",
        "sender_email",
        "after_complaint",
    )
    return {
        **{name: getattr(clinic, name) for name in fields},
        **NO_HOURS,
        "time_zone": "Europe/London",
        "quiet_from": "21:00",
        "quiet_until": "08:00",
        "colour": "#0f766e",
    }


@pytest.fixture
def session(clinic):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(minutes=30))
    complete_session(session, by=None, now=NOW)
    return session


def page(clinic, name="change"):
    return reverse(f"admin:clinics_clinic_{name}", args=[clinic.pk])


def test_new_zone_moves_what_is_promised_once_agreed_to(client, owner, clinic, session, posted):
    day_after = session.scheduled_messages.get(step__name="The day after")
    moved = {**posted, "time_zone": "Europe/Madrid"}
    asked = client.post(page(clinic), moved).context["adminform"].form

    client.post(page(clinic), {**moved, "agreed_change": asked.change_digest()})

    before = day_after.send_at
    day_after.refresh_from_db()
    assert day_after.send_at == before - timedelta(hours=1)


def test_other_settings_leave_promises_alone(client, owner, clinic, session, posted):
    answer = client.post(page(clinic), {**posted, "phone": "020 7946 0999"}, follow=True)

    clinic.refresh_from_db()
    assert clinic.phone == "020 7946 0999"
    assert "planned anew" not in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sender_email": "care@clinic"}, "sender_email"),
        ({"colour": "teal"}, "colour"),
        ({"quiet_from": "25:00"}, "quiet_from"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
    ],
)
def test_bad_setting_is_answered_beside_it(change, field, client, owner, clinic, posted):
    answer = client.post(page(clinic), {**posted, **change})

    assert field in answer.context["adminform"].form.errors


def test_clinic_is_paused_with_a_reason_and_resumed(client, owner, clinic, session):
    client.post(page(clinic, "pause"), {"reason": "Fire drill."})
    held = {row.why for row in session.scheduled_messages.all()}
    client.post(page(clinic, "resume"))

    assert held == {Why.CLINIC_PAUSED}
    assert {row.status for row in session.scheduled_messages.all()} == {Status.SCHEDULED}


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.STAFF, Role.VIEWER])
def test_only_the_owner_pauses_a_clinic(role, client, clinic):
    client.force_login(factories.user(clinic, role))

    answer = client.post(page(clinic, "pause"), {"reason": "No."})

    assert answer.status_code == 403
    assert Clinic.objects.get().paused_at is None


def test_slug_of_a_clinic_stays(client, owner, clinic, posted):
    slug = clinic.slug

    client.post(page(clinic), {**posted, "slug": "another"})

    clinic.refresh_from_db()
    assert clinic.slug == slug


def test_practitioner_is_linked_to_members_only(client, owner, clinic):
    stranger = factories.user(factories.clinic(), Role.CLINICIAN)

    answer = client.post(
        reverse("admin:clinics_practitioner_add"),
        {"clinic": clinic.pk, "name": "Dr Ellis Moreau", "user": stranger.pk, "active": "on"},
    )

    assert "user" in answer.context["adminform"].form.errors


def test_page_names_the_languages_in_which_patients_miss_something(client, owner, clinic):
    factories.approved_rules(clinic)
    factories.approved_version(factories.template(clinic), "en")
    factories.patient(clinic, locale="ar")

    page = client.get(reverse("admin:clinics_clinic_change", args=[clinic.pk])).content.decode()

    assert "Arabic: after a check-in, patients read the texts of the levels in English." in page
    assert "Arabic: 1 message has no approved text in it; it is sent in English." in page


def test_page_says_nothing_of_languages_that_have_everything(client, owner, clinic):
    factories.approved_rules(clinic)
    factories.approved_version(factories.template(clinic), "en")

    page = client.get(reverse("admin:clinics_clinic_change", args=[clinic.pk])).content.decode()

    assert "do not get everything in their language" not in page


@pytest.mark.parametrize(
    ("address", "warned"), [("answering@example.com", True), ("Nurse@example.com", False)]
)
def test_on_call_address_of_no_member_is_warned_about(client, owner, clinic, posted, address, warned):
    factories.user(clinic, email="nurse@example.com")
    factories.user(clinic, Role.VIEWER, email="answering@example.com")

    answer = client.post(page(clinic), {**posted, "on_call_email": address}, follow=True)

    clinic.refresh_from_db()
    assert clinic.on_call_email == address
    assert ("they will only read that something is due" in answer.content.decode()) == warned
