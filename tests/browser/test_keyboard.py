"""The console by keyboard alone: in, to what is looked for, and out again, always seeing where one is."""

import pytest
from playwright.sync_api import expect

from aftercare.treatments.models import SessionState, TreatmentSession
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MOST_TABS = 120
#: Whether what has the focus shows that, and nothing that stays in its place, like the bar with the buttons,
#: lies over its middle. At the end of a page nothing has it: the next one is the first again.
SEEN = """() => {
  const element = document.activeElement;
  if (element === document.body) return "";
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const marked = style.outlineStyle !== "none" && style.outlineWidth !== "0px" || style.boxShadow !== "none";
  const label = top?.closest("label");
  const free = top && (element.contains(top) || top.contains(element) || label?.contains(element));
  return marked && free ? "" : element.outerHTML.slice(0, 300);
}"""

#: A slow tablet: select2 comes for the patient's select when that has the focus already.
REPLACE_WHILE_FOCUSED = """() => {
  const select = django.jQuery("#id_patient");
  select.select2("destroy").trigger("focus");
  select.djangoAdminSelect2();
}"""


def tab_to(page, target):
    """Tabs until the target has the focus; each place on the way shows that it has it."""
    page.wait_for_load_state()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        assert page.evaluate(SEEN) == ""
        if target.evaluate("element => element === document.activeElement"):
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


def test_keyboard_alone_records_and_completes_a_session(page, log_in):
    page.set_viewport_size({"width": 1440, "height": 1000})
    clinic = factories.clinic(quiet_from="08:00", quiet_until="08:00")
    factories.practitioner(clinic, name="Nadia Haddad")
    factories.protocol(clinic)
    factories.patient(clinic, first_name="Amara", last_name="Okafor")
    log_in(factories.user(clinic)).goto("/admin/")

    tab_to(page, page.get_by_role("link", name="Skip to content"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="Record a session"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/treatmentsession/add/**")
    patient = page.locator(".field-patient .select2-selection")
    patient.wait_for()
    tab_to(page, patient)
    page.evaluate(REPLACE_WHILE_FOCUSED)
    expect(patient).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("okaf")
    page.locator(".select2-results__option--highlighted", has_text="Okafor").wait_for()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Practitioner"))
    page.keyboard.type("Nadia")
    tab_to(page, page.locator("[name=areas-0-depth_mm]"))
    page.keyboard.type("0.8")
    tab_to(page, page.get_by_role("button", name="None of these"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Consent to the treatment was signed"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Complete and schedule messages"))
    page.keyboard.press("Enter")
    page.get_by_text("Completed. ").wait_for()

    assert TreatmentSession.objects.get().state == SessionState.COMPLETED
