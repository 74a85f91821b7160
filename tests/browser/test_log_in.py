"""The door of the console."""

import pytest
from playwright.sync_api import expect

from tests import factories

pytestmark = pytest.mark.browser


def test_staff_log_in_on_a_tablet(page, shoot):
    factories.user(factories.clinic(), username="reception")

    page.goto("/")
    shoot("log-in")
    page.get_by_label("User name or e-mail").fill("reception")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()

    expect(page).to_have_url("/admin/")


def test_wrong_password_is_told_beside_the_form(page):
    page.goto("/admin/login/")
    page.get_by_label("User name or e-mail").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in", exact=True).click()

    expect(page.get_by_text("Please enter the correct user name and password")).to_be_visible()
