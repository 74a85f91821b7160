"""A text is written, broken, mended, looked at and approved; a step is moved on its timeline."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from aftercare.clinics.models import Role
from aftercare.content.models import VersionStatus
from aftercare.outbox.planning import complete_session
from tests import factories
from tests.browser.looking import grave

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clinic():
    return factories.clinic(quiet_from="08:00", quiet_until="08:00")


@pytest.fixture
def clinician(clinic):
    user = factories.user(clinic, Role.CLINICIAN, email="ellis@example.com")
    factories.practitioner(clinic, user=user, name="Dr Ellis Moreau", licence_number="GMC-7654321")
    return user


def test_text_is_written_broken_mended_previewed_and_approved(log_in, clinic, clinician, shoot):
    template = factories.template(clinic, name="First night", safety_critical=True)
    factories.draft_version(template, body="Hello.")
    page = log_in(clinician)

    page.goto(f"/admin/content/messagetemplate/{template.pk}/change/")
    page.get_by_role("link", name="Open the draft").first.click()
    live = page.locator(".editor-live")
    expect(live.get_by_text("missing")).to_have_count(3)
    page.get_by_label("Text").fill(factories.BODY["en"] + "\nYours, {{ practitioner.nam }}\n")
    page.get_by_text("Did you mean “{{ practitioner.name }}”?").wait_for()
    page.get_by_role("button", name="Line 8, column 8").click()
    assert page.evaluate("document.activeElement.selectionStart") > 200
    page.get_by_label("Subject").fill("")
    page.get_by_role("button", name="Save and preview").click()
    page.locator(".errorlist, .text-red-600").get_by_text("This field is required.").wait_for()
    page.get_by_text("Did you mean “{{ practitioner.name }}”?").wait_for()
    shoot("editor-with-errors", full_page=True)
    assert grave(page) == []

    page.get_by_label("Subject").fill("A note from {{ clinic.name }}")

    page.get_by_label("Text").fill(factories.BODY["en"])
    live.get_by_text("Nothing keeps this draft from being approved.").wait_for()
    expect(live.get_by_text("always said")).to_have_count(3)
    expect(live.frame_locator("iframe").get_by_text("Hello Amara")).to_be_visible()
    assert grave(page) == []
    live.get_by_role("button", name="Plain text").click()
    expect(live.locator("pre")).to_contain_text("Hello Amara")
    page.get_by_role("button", name="Save and preview").click()
    page.get_by_role("heading", name="Preview").or_(page.get_by_text("On a phone")).first.wait_for()

    page.goto(page.url.replace("/preview/", "/approve/"))
    page.get_by_role("button", name="I have read it and approve it").click()
    page.get_by_text("Approved.", exact=False).first.wait_for()

    version = template.versions.get()
    assert (version.status, version.approver_licence) == (VersionStatus.APPROVED, "GMC-7654321")
    assert version.body == factories.BODY["en"].strip()


def test_placeholder_is_put_where_the_cursor_stands_with_its_value_beside_it(log_in, clinic, clinician):
    draft = factories.draft_version(factories.template(clinic), body="Hello ")
    session = factories.treatment_session(clinic, patient=factories.patient(clinic, first_name="Bettina"))
    page = log_in(clinician)
    page.goto(f"/admin/content/templateversion/{draft.pk}/change/")

    page.get_by_label("Filled with").select_option(str(session.pk))
    page.get_by_label("Text").press("Control+End")
    page.get_by_text("Insert a placeholder").click()
    expect(page.locator('[data-value="patient.first_name"]')).to_have_text("Bettina")
    page.get_by_role("button", name="Patient's first name").click()

    expect(page.get_by_label("Text")).to_have_value("Hello {{ patient.first_name }}")
    frame = page.locator(".editor-live").frame_locator("iframe")
    expect(frame.get_by_text("Hello Bettina")).to_be_visible()


def test_step_is_moved_on_the_timeline_and_the_change_agreed_to(log_in, clinic, clinician, shoot):
    protocol = factories.protocol(clinic, steps=({**factories.WALL_TIME, "day": 2, "latest_day": 2},))
    session = factories.treatment_session(clinic, protocol=protocol, ended_at=timezone.now())
    complete_session(session, by=None, now=timezone.now())
    page = log_in(clinician)
    page.goto(f"/admin/protocols/protocol/{protocol.pk}/change/")

    page.locator(".timeline").get_by_role("button", name="The day after").click()
    page.locator("[name=steps-0-latest_day]").fill("1")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#id_steps-0-latest_day_error").get_by_text("The window ends too early").wait_for()
    shoot("step-with-errors", full_page=True)
    assert grave(page) == []

    page.locator("[name=steps-0-latest_day]").fill("2")
    page.locator("[name=steps-0-local_time]").fill("10:15")
    page.locator(".timeline").get_by_text("10:15").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("1 planned message gets another time.").wait_for()
    assert grave(page) == []
    page.get_by_role("button", name="Save, and change these messages").click()
    page.get_by_text("1 message moved").wait_for()

    moved = session.scheduled_messages.get().send_at.astimezone(clinic.time_zone)
    assert f"{moved:%H:%M}" == "10:15"
