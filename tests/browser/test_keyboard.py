"""The console by keyboard alone: in, to what is looked for, and out again, always seeing where one is."""

import pytest
from playwright.sync_api import expect

from tests import factories

pytestmark = pytest.mark.browser
MOST_TABS = 120
SEES_FOCUS = """element => {
  const style = getComputedStyle(element);
  return style.outlineStyle !== "none" && style.outlineWidth !== "0px" || style.boxShadow !== "none";
}"""


def tab_to(page, target):
    """Tabs until the target has the focus; each place on the way shows that it has it."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate_handle("document.activeElement").as_element()
        at_the_end = focused.evaluate(
            "element => element === document.body"
        )  # the next one is the first again
        assert at_the_end or focused.evaluate(SEES_FOCUS), focused.evaluate(
            "element => element.outerHTML.slice(0, 300)"
        )
        if target.evaluate("(element, focused) => element === focused", focused):
            return
    pytest.fail(f"{MOST_TABS} tabs do not lead to {target}")


def test_keyboard_alone_logs_in_filters_a_list_and_logs_out(page):
    page.set_viewport_size({"width": 1440, "height": 1000})
    factories.user(factories.clinic(), username="reception")
    page.goto("/")
    page.get_by_label("User name or e-mail").focus()
    page.keyboard.type("reception")
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(factories.PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url("/admin/")

    tab_to(page, page.get_by_role("link", name="Sessions").first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Filters"))
    page.keyboard.press("Enter")
    expect(page.locator("#changelist-filter")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#changelist-filter")).to_be_hidden()

    tab_to(page, page.get_by_role("button", name="reception"))
    page.keyboard.press("Space")
    page.get_by_role("button", name="Log out").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url("/accounts/login/")
