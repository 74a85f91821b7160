"""What the link of a message opens: on small phones, with large letters, by keyboard, for a screen reader."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from aftercare.followups.models import FollowUpTask
from aftercare.outbox.links import READ, UNSUBSCRIBE
from aftercare.protocols.installing import install
from tests import factories
from tests.browser.looking import grave

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = (320, 390, 820, 1440)


@pytest.fixture
def message():
    """A shipped message that came yesterday, and another that is to come."""
    clinic = factories.clinic(name="Harbour Clinic")
    protocol = install("microneedling", clinic=clinic)
    first, second = protocol.steps.all()[:2]
    for version in first.template.versions.all():
        factories.approved_version(
            first.template, version.language, subject=version.subject, body=version.body
        )
    ended = timezone.now() - timedelta(days=1)
    done = {"state": "completed", "completed_at": ended, "next_visit_on": date(2099, 4, 25)}
    session = factories.treatment_session(clinic, protocol=protocol, ended_at=ended, **done)
    message = factories.message(session, first, status="sent")
    factories.attempt(message)
    factories.message(session, second, send_at=timezone.now() + timedelta(hours=2))
    return message


@pytest.fixture
def open_link(page, live_server, settings):
    def open_link(link, message):
        return page.goto(link.url(message.pk).replace(settings.SITE_URL, live_server.url))

    return open_link


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("locale", ["en-GB", "es-ES", "ar"])
def test_message_and_plan_can_be_read_on_every_screen_and_with_large_letters(
    page, open_link, message, shoot, locale
):
    message.patient.locale = locale
    message.patient.save()
    open_link(READ, message)

    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        shoot(f"reading-{locale}-{width}", full_page=True)
        assert overflow(page) == 0
    page.set_viewport_size({"width": 320, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert overflow(page) == 0
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert grave(page) == []


def test_patient_gets_from_the_message_to_the_calendar_by_keyboard(page, open_link, message):
    open_link(READ, message)
    stops = []
    while "Add these dates" not in (stops[-1] if stops else "") and len(stops) < 20:
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.textContent"))

    with page.expect_download() as download:
        page.keyboard.press("Enter")

    assert stops[0] == message.clinic.phone
    assert download.value.suggested_filename == "dates.ics"


def test_patient_keeps_the_safety_messages_or_stops_all_and_the_clinic_is_told(
    page, open_link, message, shoot
):
    page.set_viewport_size({"width": 390, "height": 800})
    open_link(UNSUBSCRIBE, message)
    assert grave(page) == []
    shoot("unsubscribe", full_page=True)
    page.get_by_role("button", name="Keep the safety messages").click()
    expect(page.get_by_text("only the safety messages")).to_be_visible()
    assert not FollowUpTask.objects.exists()

    open_link(UNSUBSCRIBE, message)
    page.get_by_role("button", name="Stop all of these messages").click()

    expect(page.get_by_text("no more of these messages")).to_be_visible()
    assert FollowUpTask.objects.get().cause == "unsubscribed"
    assert grave(page) == []


def test_links_that_lead_nowhere_say_what_to_do(page, open_link, message, shoot):
    page.goto("/m/altered/")
    assert grave(page) == []
    shoot("link-unknown", full_page=True)
    type(message).objects.update(send_at=message.send_at - timedelta(days=100))

    assert open_link(READ, message).status == 410

    expect(page.get_by_role("link", name=message.clinic.phone)).to_be_visible()
    assert grave(page) == []
    shoot("link-old", full_page=True)
