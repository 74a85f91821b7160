"""A worried patient on a phone answers a message's questions, and the clinic reads what was said."""

import re
from datetime import UTC, datetime, time, timedelta
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from aftercare.checkins import pacing
from aftercare.checkins.models import CheckIn, CheckInPhoto
from aftercare.clinics.hours import OpeningHours
from aftercare.clinics.models import Role
from aftercare.outbox import clock
from aftercare.outbox.links import CHECK_IN
from tests import factories
from tests.browser.looking import grave

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NOON = datetime(2026, 3, 30, 11, tzinfo=UTC)
PHONE = {"width": 390, "height": 844}
NO_PHOTO = {"name": "leaflet.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.7"}
PARTS = [
    {"breathing": "No", "unwell": "No", "eyes": "No"},
    {"redness": "More", "pain": "3", "pain_trend": "Worse"},
    {"infection": "I don't know", "blisters": "No", "rash": "No"},
    {"other_product": "No", "call_me": "No"},
]


@pytest.fixture
def message(monkeypatch):
    monkeypatch.setattr(clock, "database_now", lambda: NOON)
    clinic = factories.clinic(name="Harbour Clinic")
    factories.approved_rules(clinic)
    OpeningHours.objects.create(
        clinic=clinic, weekday=0, opens_local_time=time(9), closes_local_time=time(18)
    )
    message = factories.message(factories.treatment_session(clinic), status="sent")
    message.step.template.asks_check_in = True
    message.step.template.save()
    return message


def photo():
    out = BytesIO()
    Image.new("RGB", (600, 400), "#c08070").save(out, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def open_form(page, message, settings):
    page.set_viewport_size(PHONE)
    page.goto(CHECK_IN.url(message.pk).removeprefix(settings.SITE_URL))


def fits(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    return page.evaluate("document.documentElement.scrollWidth") <= width


def test_answers_lead_to_a_promised_call_and_to_the_clinics_page(page, log_in, message, settings, shoot):
    open_form(page, message, settings)
    for number, part in enumerate(PARTS, 1):
        shoot(f"check-in-{number}", full_page=True)
        assert grave(page) == []
        for code, answer in part.items():
            page.locator(f"input[name={code}]").locator("..").filter(
                has_text=re.compile(rf"^\s*{answer}\s*$")
            ).click()
        page.get_by_role("button", name=re.compile("Save and go on|Send my answers")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "You need advice today. We will call you by 14:00 on Monday 30 March."
    )
    page.get_by_label("Choose photos").set_input_files([photo(), NO_PHOTO])
    page.get_by_role("button", name="Send the photos").click()
    expect(page.get_by_text("Photos received: 1")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("leaflet.jpg: This file is no photo")
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    shoot("check-in-answer", full_page=True)
    assert grave(page) == []

    log_in(factories.user(message.clinic, Role.STAFF))
    page.set_viewport_size({"width": 820, "height": 1180})
    page.goto(f"/admin/checkins/checkin/{CheckIn.objects.get().pk}/change/")
    expect(page.get_by_role("img", name="Photo 1 from the patient")).to_be_visible()
    shoot("check-in-console", full_page=True)
    assert grave(page) == []
    assert CheckInPhoto.objects.count() == 1


def test_form_works_by_keyboard_on_a_small_screen_and_warns_first(page, message, settings, shoot):
    open_form(page, message, settings)
    assert fits(page, 320)

    page.get_by_role("radio", name="Yes").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Call 999 now")
    shoot("check-in-emergency", full_page=True)
    assert fits(page, 320)
    assert grave(page) == []


@pytest.mark.parametrize("locale", ["en-GB", "ar"])
def test_every_page_of_a_check_in_that_goes_wrong_fits_a_small_screen(
    page, message, settings, shoot, monkeypatch, locale
):
    def look(name, *, says):
        expect(page.locator("html")).to_have_attribute("dir", "rtl" if locale == "ar" else "ltr")
        expect(page.locator(says).first).to_be_visible()
        assert fits(page, 320)
        shoot(f"{name}-{locale}-320", full_page=True)
        page.set_viewport_size(PHONE)
        shoot(f"{name}-{locale}-390", full_page=True)
        assert grave(page) == []

    type(message.patient).objects.update(locale=locale)
    open_form(page, message, settings)
    look("form", says="fieldset")
    page.get_by_role("button").click()
    look("form-missing", says="fieldset.missing")
    monkeypatch.setattr(pacing, "PER_LINK", 1)
    page.get_by_role("button").click()
    look("form-slow", says=".wrong[role=alert]")
    monkeypatch.undo()
    monkeypatch.setattr(clock, "database_now", lambda: NOON)
    for part in range(1, 5):
        for question in page.locator("fieldset").all():
            question.locator("label").nth(2 if part == 2 else 0).click()
        page.locator("form.questions button").click()
        if part in (2, 4):
            look(f"form-after-{part}", says="form")
    page.locator("#photo").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no photo"})
    page.locator("form.photos button").click()
    look("photo-refused", says=".wrong[role=alert]")
    type(message.step.template).objects.update(asks_check_in=False)
    open_form(page, message, settings)
    look("check-in-none", says="blockquote")
    monkeypatch.setattr(clock, "database_now", lambda: NOON + timedelta(days=61))
    open_form(page, message, settings)
    look("link-old", says=".contact")


def test_answers_stay_large_targets_where_the_browser_knows_no_has(page, message, settings):
    open_form(page, message, settings)
    page.evaluate(
        """for (const sheet of document.styleSheets)
             for (let at = sheet.cssRules.length - 1; at >= 0; at--)
               if (sheet.cssRules[at].selectorText?.includes(":has(")) sheet.deleteRule(at)"""
    )

    answers = page.locator(".choices label").all()

    assert len(answers) == 9
    assert all(answer.bounding_box()["height"] >= 48 for answer in answers)


def test_clinician_reads_the_rules_on_a_tablet(page, log_in, message, shoot):
    user = factories.user(message.clinic, Role.CLINICIAN)
    factories.practitioner(message.clinic, user=user)
    log_in(user)
    page.goto("/admin/checkins/ruleset/add/")
    page.get_by_role("button", name="Start the draft").click()

    expect(page.get_by_role("button", name="I have read the rules")).to_be_visible()
    shoot("rules-draft", full_page=True)
    assert grave(page) == []


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_page_of_what_answers_say_fits_the_screen(page, log_in, message, shoot, width):
    factories.asked(message.clinic, 12, answered=12, worried=6, lot="SP-1207")
    log_in(factories.user(message.clinic, Role.OWNER))
    page.set_viewport_size({"width": width, "height": 1000})
    page.goto("/admin/checkins/checkin/learning/")
    page.get_by_label("Split by").select_option("Cartridge lot")
    page.get_by_role("button", name="Show", exact=True).click()

    expect(page.get_by_role("rowheader", name="SP-1207")).to_have_count(3)
    shoot(f"learning-{width}", full_page=True)
    assert fits(page, width)
    assert grave(page) == []
