"""A passkey in a real browser: enrolled once, and from then on the only thing one needs to log in."""

import re

import pytest
from playwright.sync_api import expect

from aftercare.clinics.models import Role
from tests import factories
from tests.browser.looking import grave

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def deployed(settings, live_server):
    """A site that others can reach, where an owner needs a second factor."""
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def device(page):
    """A phone or laptop that keeps passkeys and knows its owner's finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return session


def at_localhost(live_server):
    """Browsers give passkeys to names only, never to the number of an address."""
    return live_server.url.replace("127.0.0.1", "localhost")


def look(page, shoot, name):
    """A picture of the page as it stands; nothing on it keeps anybody out."""
    shoot(name)
    assert grave(page) == []


def test_owner_enrols_a_passkey_and_logs_in_with_it(page, live_server, deployed, device, shoot):
    factories.user(factories.clinic(), Role.OWNER, username="owner")
    page.goto(f"{at_localhost(live_server)}/admin/")
    look(page, shoot, "log-in")
    page.get_by_label("User name or e-mail").fill("owner")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()

    expect(page.get_by_text("Your role needs a second factor.")).to_be_visible()
    look(page, shoot, "second-factor")
    page.get_by_role("link", name="Add a passkey").click()
    if "reauthenticate" in page.url:
        page.get_by_label("Password").fill(factories.PASSWORD)
        page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_label("This passkey may log in by itself")).to_be_checked()
    look(page, shoot, "passkey-add")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_label("Unused codes")).to_be_visible()
    look(page, shoot, "recovery-codes")

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You have signed out.")).to_be_visible()
    page.wait_for_load_state()  # before, its script does not listen to the button
    page.get_by_role("button", name="Log in with a passkey").click()

    expect(page).to_have_url(re.compile("/admin/$"))
    expect(page.get_by_role("link", name="Record a session").first).to_be_visible()
