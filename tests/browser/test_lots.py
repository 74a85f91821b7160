"""A clinician writes to everybody treated with a lot: searched, previewed, confirmed, and followed."""

import pytest
from playwright.sync_api import expect

from aftercare.clinics.models import Role
from aftercare.outbox.models import ScheduledMessage
from tests import factories
from tests.browser.looking import fits, grave

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clinic():
    clinic = factories.clinic()
    template = factories.template(clinic, name="Recall", purpose="lot", safety_critical=True)
    factories.approved_version(template)
    factories.approved_version(template, "es")
    for fields in ({"phone": "020 7946 0001"}, {"locale": "es-ES"}, {"email_consent_at": None}):
        patient = factories.patient(clinic, **fields)
        completed = {"state": "completed", "completed_at": factories.ENDED_AT, "cartridge_lot": "SP-1207"}
        factories.treatment_session(clinic, patient=patient, **completed)
    return clinic


def test_lot_is_searched_previewed_confirmed_and_followed(log_in, clinic, shoot):
    page = log_in(factories.user(clinic, Role.CLINICIAN))
    page.goto("/admin/lots/lotmail/add/")
    page.get_by_label("Lot of a cartridge or a product").fill("sp-1207")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("button", name="Write to 2 patients")).to_be_visible()
    for width in (1440, 820, 390):
        assert fits(page, width)
        shoot(f"lot-{width}", full_page=True)
    assert grave(page) == []
    page.get_by_role("button", name="Write to 2 patients").click()

    expect(page.get_by_text("0 of 2 sent.")).to_be_visible()
    for width in (1440, 390):
        assert fits(page, width)
        shoot(f"lot-progress-{width}", full_page=True)
    assert grave(page) == []
    assert ScheduledMessage.objects.filter(step__kind="lot", why="in_line").count() == 2
