"""Whose licence number lets them approve: never by their own word alone."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.urls import reverse

from aftercare.checkins.approving import RulesRefused, approve_rules, save_rules
from aftercare.clinics.licences import LicenceRefused, confirm_licence
from aftercare.clinics.models import Practitioner, Role
from aftercare.content.approval import ApprovalRefused, approve
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def owner(client, clinic):
    user = factories.user(clinic, Role.OWNER)
    client.force_login(user)
    return user


def page(name, *args):
    return reverse(f"admin:clinics_practitioner_{name}", args=args)


def unconfirmed(clinic, **over):
    return factories.practitioner(clinic, licence_number="GMC-1", licence_confirmed_at=None, **over)


def enter(client, clinic, user, row=None, **over):
    fields = {"clinic": clinic.pk, "name": "Dr Moreau", "user": user.pk if user else ""}
    url = page("change", row.pk) if row else page("add")
    client.post(url, {**fields, "licence_number": "GMC-1", "active": "on", **over})
    return Practitioner.objects.get(clinic=clinic)


def confirm(client, row):
    """As it stands on the page."""
    url = page("confirm", row.pk)
    return client.post(url, {"read": client.get(url).context["read"]}, follow=True)


def test_licence_number_that_an_owner_enters_for_another_counts(client, clinic, owner):
    row = enter(client, clinic, factories.user(clinic, Role.CLINICIAN))

    assert row.licence_confirmed_by == owner


def test_licence_number_that_an_owner_enters_for_themselves_waits(client, clinic, owner):
    row = enter(client, clinic, owner)
    confirm(client, row)
    row.refresh_from_db()

    assert row.licence_number == "GMC-1"
    assert row.licence_confirmed_at is None
    with pytest.raises(ApprovalRefused, match="other than its holder"):
        approve(factories.draft_version(factories.template(clinic)), by=row, now=NOW)
    with pytest.raises(RulesRefused, match="other than its holder"):
        approve_rules(save_rules(clinic), by=row, now=NOW)


def test_linking_a_confirmed_licence_to_oneself_takes_the_confirmation_away(client, clinic, owner):
    row = enter(client, clinic, None)
    before = row.licence_confirmed_by

    row = enter(client, clinic, owner, row=row)

    assert before == owner
    assert row.user == owner
    assert row.licence_confirmed_at is None


def test_taking_another_name_takes_the_confirmation_away(client, clinic, owner):
    row = factories.practitioner(clinic, user=owner, name="Dr Moreau", licence_number="GMC-1")

    enter(client, clinic, owner, row=row, name="Dr Holm")

    row.refresh_from_db()
    assert (row.name, row.licence_confirmed_at) == ("Dr Holm", None)


def test_other_changes_leave_the_confirmation(client, clinic, owner):
    row = factories.practitioner(clinic, user=owner, name="Dr Moreau", licence_number="GMC-1")

    enter(client, clinic, owner, row=row, active="")

    row.refresh_from_db()
    assert (row.active, row.licence_confirmed_at) == (False, factories.ENDED_AT)


def test_another_owner_confirms_and_the_history_names_them(client, clinic, owner):
    row = unconfirmed(clinic, user=factories.user(clinic, Role.OWNER))
    shown = client.get(page("change", row.pk)).content.decode()

    confirm(client, row)

    row.refresh_from_db()
    assert "This licence number is not confirmed." in shown
    assert row.licence_confirmed_by == owner
    assert row.history.first().history_user == owner


def test_page_to_confirm_shows_name_number_and_log_in(client, clinic, owner):
    row = unconfirmed(clinic, name="Dr Moreau", user=factories.user(clinic, Role.OWNER, username="moreau"))

    shown = client.get(page("confirm", row.pk)).content.decode()

    assert all(f"<strong>{value}</strong>" in shown for value in ("Dr Moreau", "GMC-1", "moreau"))


@pytest.mark.parametrize("changed", ["name", "licence_number", "user"])
def test_what_was_changed_since_the_page_was_read_is_not_confirmed(changed, client, clinic, owner):
    row = unconfirmed(clinic, user=factories.user(clinic, Role.OWNER))
    read = client.get(page("confirm", row.pk)).context["read"]
    other = factories.user(clinic, Role.CLINICIAN) if changed == "user" else "Dr Other"
    Practitioner.objects.filter(pk=row.pk).update(**{changed: other})

    told = client.post(page("confirm", row.pk), {"read": read}, follow=True).content.decode()

    row.refresh_from_db()
    assert "Look again, then confirm." in told
    assert row.licence_confirmed_at is None


def test_clinician_confirms_nobody(client, clinic):
    row = unconfirmed(clinic)
    client.force_login(factories.user(clinic, Role.CLINICIAN))

    assert client.post(page("confirm", row.pk)).status_code == 403


def test_confirming_twice_keeps_who_did_it_first(clinic):
    row, first = unconfirmed(clinic), factories.user(clinic, Role.OWNER)

    for by in (first, factories.user(clinic, Role.OWNER)):
        confirm_licence(row, by=by, now=NOW)

    row.refresh_from_db()
    assert row.licence_confirmed_by == first


@pytest.mark.parametrize("changed", ["name", "licence_number"])
def test_row_that_was_changed_meanwhile_is_not_confirmed(changed, clinic):
    read = unconfirmed(clinic)
    Practitioner.objects.filter(pk=read.pk).update(**{changed: "GMC-2"})

    with pytest.raises(LicenceRefused):
        confirm_licence(read, by=factories.user(clinic, Role.OWNER), now=NOW)


def test_database_keeps_nobody_standing_for_themselves(clinic, owner):
    with pytest.raises(IntegrityError):
        factories.practitioner(clinic, user=owner, licence_confirmed_by=owner)


def test_whoever_runs_the_site_confirms_the_only_clinicians_licence(clinic, owner):
    row = unconfirmed(clinic, user=owner)

    with pytest.raises(CommandError):
        call_command("confirm_licence", row.pk, "GMC-2")
    still = Practitioner.objects.get(pk=row.pk).licence_confirmed_at
    call_command("confirm_licence", row.pk, "GMC-1")

    row.refresh_from_db()
    assert still is None
    assert row.licence_confirmed_at is not None
