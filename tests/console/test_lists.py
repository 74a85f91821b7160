"""Every list of the console with fifty rows, each of another clinic: how many queries it takes."""

import pytest
import time_machine
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

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


@time_machine.travel(NOW, tick=False)  # the list of messages shows those of about now
def test_no_list_of_fifty_rows_asks_more_than_fifteen_queries(client, owner, monkeypatch):
    for model in REGISTERED:
        monkeypatch.setattr(admin.site._registry[model], "list_per_page", ROWS)

    found = {model: asked(client, model) for model in REGISTERED if model is not User}
    client.force_login(factories.user(None, username="root", is_superuser=True))
    found[User] = asked(client, User)

    assert {model._meta.label: shown for model, shown in found.items() if not shown or shown[0] < ROWS} == {}
    assert {model._meta.label: shown for model, shown in found.items() if shown and shown[1] > MOST} == {}
