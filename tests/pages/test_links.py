"""Addresses below the links of patients, and the language that each page says it is in."""

from http import HTTPStatus

import pytest

from aftercare.outbox.links import CHECK_IN, READ, UNSUBSCRIBE
from aftercare.outbox.models import Suppression

pytestmark = pytest.mark.django_db


def path_of(link, message, settings):
    return link.url(message.pk).removeprefix(settings.SITE_URL)


@pytest.mark.any_database
@pytest.mark.parametrize("link", [CHECK_IN, READ, UNSUBSCRIBE], ids=["check-in", "reading", "unsubscribe"])
@pytest.mark.parametrize("stray", [">", "/>", ".", ")", "/%22", ""], ids=repr)
def test_link_with_something_stray_at_its_end_leads_to_its_page(client, asking, settings, link, stray):
    path = path_of(link, asking, settings)

    answer = client.get(path.rstrip("/") + stray)

    assert (answer.status_code, answer["Location"]) == (HTTPStatus.TEMPORARY_REDIRECT, path)
    assert answer["Cache-Control"] == "no-store"


def test_unsubscribing_by_one_click_comes_through_with_something_stray(client, asking, settings):
    path = path_of(UNSUBSCRIBE, asking, settings)
    body = {"List-Unsubscribe": "One-Click"}

    answer = client.post(f"{path}>", body, follow=True)

    assert answer.status_code == HTTPStatus.OK
    assert Suppression.objects.exists()


@pytest.mark.parametrize("path", ["/m/", "/c/nothing", "/u/a/b/c", "/m/abc.def/photos/", "/c/x.y/>photos"])
def test_other_address_below_a_links_is_the_private_page_for_unknown_links(client, path):
    page = client.get(path)

    assert page.status_code == HTTPStatus.NOT_FOUND
    assert "We do not know" in page.content.decode()
    assert (page["Cache-Control"], page["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")
    assert page["Content-Language"] == "en, es, ar"


@pytest.mark.parametrize("link", [CHECK_IN, UNSUBSCRIBE], ids=["check-in", "unsubscribe"])
def test_page_says_the_language_it_is_in_whatever_the_browser_asks_for(client, asking, settings, link):
    asking.patient.locale = "es-ES"
    asking.patient.save()

    page = client.get(path_of(link, asking, settings), headers={"Accept-Language": "en"})

    assert page["Content-Language"] == "es"
    assert '<html lang="es"' in page.content.decode()
