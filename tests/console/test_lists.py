"""Every list of the console: how many queries fifty rows of fifty clinics take, and what none says."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftercare.clinics.models import Membership, Role, User
from tests import factories
from tests.console.test_scoping import NOW, REGISTERED, page, populate

pytestmark = pytest.mark.django_db
ROWS, MOST = 50, 15


@pytest.fixture
def owner(client):
    """Owns fifty clinics, with a row of every registered model in each."""
    user = factories.user(None)
    clinics = [factories.clinic() for _ in range(ROWS)]
    for number, clinic in enumerate(clinics):
        populate(clinic, f"P{number}-")
    Membership.objects.bulk_create(
        Membership(user=user, clinic=clinic, role=Role.OWNER) for clinic in clinics
    )
    client.force_login(user)
    return user


def asked(client, model):
    """How many rows the list shows, and with how many queries; None for a list that one may not see."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(page(model, "changelist"))
    if answer.status_code == 403:
        return None
    return len(answer.context["cl"].result_list), len(queries)


@pytest.mark.any_database
@time_machine.travel(NOW, tick=False)  # the list of messages shows those of about now
def test_no_list_of_fifty_rows_asks_more_than_fifteen_queries(client, owner, monkeypatch):
    for model in REGISTERED:
        monkeypatch.setattr(admin.site._registry[model], "list_per_page", ROWS)

    found = {model: asked(client, model) for model in REGISTERED if model is not User}
    client.force_login(factories.user(None, username="root", is_superuser=True))
    found[User] = asked(client, User)

    assert {model._meta.label: shown for model, shown in found.items() if not shown or shown[0] < ROWS} == {}
    assert {model._meta.label: shown for model, shown in found.items() if shown and shown[1] > MOST} == {}


def test_empty_list_says_how_it_is_filled_and_a_search_without_matches_that_nothing_matches(client):
    client.force_login(factories.user(factories.clinic(), Role.OWNER))
    url = reverse("admin:treatments_favourite_changelist")

    assert "Open a completed session and save it as a favourite." in client.get(url).content.decode()
    assert "Nothing matches" in client.get(url, {"q": "face"}).content.decode()


def test_every_list_has_words_for_being_empty():
    assert [model for model, shown in admin.site._registry.items() if not shown.empty_hint] == []


def test_time_that_a_page_only_shows_names_its_zone(client):
    clinic = factories.clinic(time_zone="Europe/London")
    client.force_login(factories.user(clinic, Role.OWNER))
    notice = factories.notice(clinic, status="sent", sent_at=datetime(2026, 7, 1, 11, 30, tzinfo=UTC))

    shown = client.get(reverse("admin:outbox_staffnotice_change", args=[notice.pk])).content.decode()

    assert "Wed 1 Jul 2026, 12:30 BST" in shown
