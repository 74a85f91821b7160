"""The list of a clinic's people: their names, and who is told of tasks."""

import pytest
from django.contrib import admin
from django.urls import reverse

from aftercare.clinics.models import Membership, Role
from tests import factories

pytestmark = pytest.mark.django_db


def test_list_names_people_as_colleagues_know_them(client):
    clinic = factories.clinic()
    client.force_login(factories.user(clinic, Role.OWNER, username="reception", first_name="Nora"))

    assert "Nora" in client.get(reverse("admin:clinics_membership_changelist")).content.decode()


@pytest.mark.parametrize(("role", "told"), [(Role.STAFF, True), (Role.VIEWER, False)])
def test_only_who_is_really_told_of_tasks_is_marked(role, told):
    factories.user(factories.clinic(), role)
    membership = Membership.objects.get()
    membership.told_of_tasks = True

    assert admin.site._registry[Membership].is_told(membership) is told
