"""The language in which somebody reads the console: chosen in the menu, kept with the user."""

import pytest
from django.test import Client

from aftercare.clinics.models import Role
from tests import factories

pytestmark = pytest.mark.django_db
LANGUAGE = "/accounts/language/"
SPANISH_BROWSER = {"HTTP_ACCEPT_LANGUAGE": "es"}


@pytest.fixture
def user(client):
    user = factories.user(factories.clinic(), Role.STAFF)
    client.force_login(user)
    return user


def language_of(answer):
    page = answer.content.decode()
    return page.partition('<html lang="')[2][:2]


def test_browsers_language_is_spoken_until_one_is_chosen(client, user):
    assert language_of(client.get("/admin/", **SPANISH_BROWSER)) == "es"
    assert language_of(client.get("/admin/")) == "en"


def test_chosen_language_is_spoken_whatever_the_browsers(client, user):
    client.post(LANGUAGE, {"language": "en"})

    assert language_of(client.get("/admin/", **SPANISH_BROWSER)) == "en"
    assert language_of(client.get("/accounts/password/change/", **SPANISH_BROWSER)) == "en"


def test_choice_is_kept_over_a_log_in_and_in_the_history(client, user):
    client.post(LANGUAGE, {"language": "es"})
    client.logout()
    client.force_login(user)

    assert language_of(client.get("/admin/")) == "es"
    assert user.history.first().language == "es"


def test_choice_is_taken_back_to_the_browsers(client, user):
    for language in ("es", ""):
        client.post(LANGUAGE, {"language": language})

    assert language_of(client.get("/admin/")) == "en"


def test_language_there_is_none_of_is_refused(client, user):
    client.post(LANGUAGE, {"language": "xx"})

    user.refresh_from_db()
    assert user.language == ""


def test_menu_offers_the_languages_and_leads_back_to_its_page(client, user):
    page = client.get("/admin/clinics/patient/?q=a").content.decode()

    assert f'action="{LANGUAGE}"' in page
    assert 'value="/admin/clinics/patient/?q=a"' in page
    assert ">Español</button>" in page


@pytest.mark.parametrize(
    ("way", "to"),
    [
        ("/admin/clinics/patient/?q=a", "/admin/clinics/patient/?q=a"),
        ("https://elsewhere.example.com/", "/admin/"),
        ("//elsewhere.example.com/", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
        ("-1", "/admin/"),
        ("a\0b", "/admin/"),
        ("", "/admin/"),
    ],
)
def test_way_back_stays_on_this_site(client, user, way, to):
    assert client.post(LANGUAGE, {"language": "es", "next": way}).headers["Location"] == to


def test_language_is_chosen_by_its_form_alone(user):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)

    assert strict.get(LANGUAGE, {"language": "es"}).status_code == 405
    assert strict.post(LANGUAGE, {"language": "es"}).status_code == 403
    user.refresh_from_db()
    assert user.language == ""


def test_whoever_is_not_logged_in_chooses_nothing(client):
    assert client.post(LANGUAGE, {"language": "es"}).headers["Location"].startswith("/accounts/login/")
