"""From the mail on a patient's phone to a closed concern, by day, and at night with nobody there."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from playwright.sync_api import expect

from aftercare.checkins.models import Concern
from aftercare.clinics.hours import OpeningHours
from aftercare.clinics.models import Role
from aftercare.outbox import clock
from aftercare.outbox.models import StaffNotice
from aftercare.outbox.sending import drain
from tests import factories
from tests.browser.looking import grave
from tests.provider import Provider

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NOON = datetime(2026, 3, 30, 11, tzinfo=UTC)  # a Monday
NIGHT = datetime(2026, 3, 30, 22, 30, tzinfo=UTC)
PHONE = {"width": 390, "height": 844}
WORRIED = [
    {"breathing": "No", "unwell": "No", "eyes": "No"},
    {"redness": "More", "pain": "3", "pain_trend": "Worse"},
    {"infection": "Yes", "blisters": "No", "rash": "No"},
    {"other_product": "No", "call_me": "No"},
]
EMERGENCY = [{"breathing": "Yes", "unwell": "No", "eyes": "No"}]


@pytest.fixture
def clinic():
    clinic = factories.clinic(name="Harbour Clinic", on_call_email="oncall@clinic.example.com")
    factories.approved_rules(clinic)
    OpeningHours.objects.create(
        clinic=clinic, weekday=0, opens_local_time=time(9), closes_local_time=time(18)
    )
    return clinic


@pytest.fixture
def send_due(settings, monkeypatch):
    """Sends what is due at a time that from then on is the engine's, and returns the newest mail."""
    settings.EMAIL_BACKEND = "tests.provider.Provider"

    def send(now):
        monkeypatch.setattr(clock, "database_now", lambda: now)
        drain(deadline=now + timedelta(minutes=1))
        return Provider.taken[-1]

    yield send
    Provider.reset()


def promise_check_in(clinic, at):
    completed = {"state": "completed", "completed_at": factories.ENDED_AT}
    session = factories.treatment_session(clinic, **completed)
    message = factories.message(session, send_at=at)
    message.step.template.asks_check_in = True
    message.step.template.save()


def answer_from_mail(page, mail, settings, parts=WORRIED):
    """Follows the mail's link on the phone and answers until the last of these parts is sent."""
    link = re.search(rf"{re.escape(settings.SITE_URL)}(/c/\S+/)", mail.body)
    page.set_viewport_size(PHONE)
    page.goto(link[1])
    for part in parts:
        for code, choice in part.items():
            labels = page.locator(f"input[name={code}]").locator("..")
            labels.filter(has_text=re.compile(rf"^\s*{choice}\s*$")).click()
        page.get_by_role("button", name=re.compile("Save and go on|Send my answers")).click()
    page.get_by_text("Has something changed?").or_(page.get_by_role("heading", level=1)).first.wait_for()


@pytest.mark.parametrize(
    ("parts", "heading", "subject"),
    [(WORRIED, "We will call you by 14:00", "A: today"), (EMERGENCY, "Call 999", "E: emergency")],
    ids=["today", "emergency"],
)
def test_answer_says_what_to_do_now_and_its_concern_is_closed_with_its_outcome(
    page, log_in, clinic, send_due, settings, shoot, parts, heading, subject
):
    nurse = factories.user(clinic, Role.STAFF, email="nurse@clinic.example.com")
    promise_check_in(clinic, NOON)
    answer_from_mail(page, send_due(NOON), settings, parts)
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)

    told = send_due(NOON)
    assert (told.to, told.subject.partition(" – ")[0]) == (["nurse@clinic.example.com"], subject)
    log_in(nurse)
    page.goto("/admin/")
    shoot("journey-today", full_page=True)
    page.goto(re.search(rf"{re.escape(settings.SITE_URL)}(/admin/\S+)", told.body)[1])
    if page.get_by_role("button", name="Claim it").count() == 0:
        page.get_by_role("link", name=re.compile("answer", re.I)).first.click()
    page.get_by_role("button", name="Claim it").click()
    page.get_by_role("button", name="I have called the patient").click()
    expect(page.get_by_text("Called at")).to_be_visible()
    shoot("journey-task", full_page=True)
    assert grave(page) == []
    page.get_by_label("What came of it").fill("Seen at 15:00, antibiotics from her doctor.")
    page.get_by_role("button", name="Close the task").click()
    expect(page.get_by_text("Closed.")).to_be_visible()

    concern = Concern.objects.get()
    assert concern.acknowledged_by == concern.closed_by == nurse
    assert concern.called_at is not None
    assert concern.outcome == "Seen at 15:00, antibiotics from her doctor."
    concern.patient.refresh_from_db()
    assert concern.patient.concern_at is None


def test_worried_answer_at_night_promises_nothing_and_mails_whoever_is_on_call(
    page, clinic, send_due, settings, shoot
):
    factories.user(clinic, Role.STAFF, email="nurse@clinic.example.com")
    promise_check_in(clinic, NIGHT)

    answer_from_mail(page, send_due(NIGHT), settings)
    shoot("journey-night", full_page=True)

    words = page.locator("body").inner_text()
    assert "We will call" not in words
    assert clinic.out_of_hours_contact in words
    assert Concern.objects.get().promised_at is None
    assert send_due(NIGHT).to == ["oncall@clinic.example.com"]
    assert StaffNotice.objects.get().status == "sent"
