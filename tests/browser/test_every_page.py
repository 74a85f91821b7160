"""Every page of the console, as an owner sees it: axe finds nothing grave, nothing stands out of the screen.

The addresses come from the URL resolver and the rows from the registered models, so that a new page is looked
at without anyone remembering it.
"""

import pytest
from django.test import Client
from django.urls import reverse

from aftercare.clinics.models import Role
from tests import factories
from tests.browser.looking import fits, grave
from tests.console.test_isolation import addresses, pages
from tests.console.test_scoping import populate

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (1440, 820, 390)
OUT_OF_REACH = """() => [...document.querySelectorAll("[x-on\\\\:click], [onclick]")].filter(
  one => one.offsetParent && one.textContent.trim() && one.tabIndex < 0 &&
    !one.querySelector("a[href], button, input, select, textarea")
).map(one => one.outerHTML.slice(0, 200))"""


def shown_to(user, rows):
    """The addresses that answer the user with a whole page of their own."""
    client = Client()
    client.force_login(user)
    others = sorted({str(row.pk) for row in rows.values()})
    found = {reverse(page.name) for page in pages() if not page.parameters and page.name != "admin:logout"}
    for page in pages():
        if page.model in rows and page.parameters and page.parameters != ["name"]:
            found.update(addresses(page, rows[page.model], others))
    return [url for url in sorted(found) if is_page(client.get(url))]


def is_page(answer):
    is_html = answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
    return is_html and not answer.streaming and b'id="main' in answer.content


def faults_of(page, url):
    page.set_viewport_size({"width": WIDTHS[1], "height": 1000})
    page.goto(url)
    faults = [(url, *fault) for fault in grave(page)]
    faults += [(url, "no keyboard reaches", one) for one in page.evaluate(OUT_OF_REACH)]
    return faults + [(url, "wider than", width) for width in WIDTHS if not fits(page, width)]


def test_no_page_of_the_console_has_a_grave_violation_or_stands_out_of_the_screen(log_in):
    clinic = factories.clinic()
    owner = factories.user(clinic, Role.OWNER)
    urls = shown_to(owner, populate(clinic))
    page = log_in(owner)

    faults = [fault for url in urls for fault in faults_of(page, url)]

    assert len(urls) > 40
    assert faults == []
