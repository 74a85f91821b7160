"""Approving asks for the second factor again: a tablet left unlocked puts nobody's name under a text."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.urls import reverse

from aftercare.checkins.approving import save_rules
from aftercare.checkins.models import RuleSet
from aftercare.clinics.models import Role
from aftercare.content.models import TemplateVersion, VersionStatus
from tests import factories

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 3, 28, 16, 2, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def clinician(client, clinic, settings):
    """Logged in with password and code, just now."""
    settings.SECOND_FACTOR_REQUIRED = True
    user = factories.user(clinic, Role.CLINICIAN)
    factories.practitioner(clinic, user=user)
    TOTP.activate(user, SECRET)
    client.post(reverse("account_login"), {"login": user.username, "password": factories.PASSWORD})
    client.post(reverse("mfa_authenticate"), {"code": code_of_app()})
    return user


@pytest.fixture(params=["text", "rules"])
def approval(request, client, clinic, clinician):
    """Approves by the page, as it was read when the fixture was made; and how the row stands."""
    if request.param == "text":
        row = factories.draft_version(factories.template(clinic))
        url = reverse("admin:content_templateversion_approve", args=[row.pk])
        posted = {"digest": client.get(url).context["digest"], "planned": "keep"}
        rows = TemplateVersion.objects
    else:
        row, rows = save_rules(clinic), RuleSet.objects
        url = reverse("admin:checkins_ruleset_approve", args=[row.pk])
        posted = {"read": row.digest}
    return partial(client.post, url, posted), lambda: rows.get(pk=row.pk)


def code_of_app():
    return format_hotp_value(hotp_value(SECRET, next(yield_hotp_counters_from_time())))


def test_factor_shown_five_minutes_ago_approves(approval, clock):
    approve, row = approval
    clock.shift(timedelta(minutes=5))

    approve()

    assert row().status == VersionStatus.APPROVED


def test_factor_shown_longer_ago_is_asked_for_and_then_what_was_posted_goes_on(approval, client, clock):
    approve, row = approval
    clock.shift(timedelta(minutes=5, seconds=1))

    asked = approve()
    before = row().status
    client.post(asked.url, {"code": code_of_app(), "next": asked.url.split("next=")[1].replace("%2F", "/")})

    assert asked.url.startswith(reverse("mfa_reauthenticate"))
    assert before == VersionStatus.DRAFT
    assert row().status == VersionStatus.APPROVED
    assert getattr(row(), "planned_keep_older", True)


def test_wrong_code_approves_nothing(approval, client, clock):
    approve, row = approval
    clock.shift(timedelta(hours=1))

    client.post(approve().url, {"code": "000000"})

    assert row().status == VersionStatus.DRAFT


def test_whoever_took_off_their_last_factor_adds_one_before_they_approve(approval, client, clock):
    approve, row = approval
    client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
    client.post(reverse("mfa_deactivate_totp"))
    left = Authenticator.objects.filter(type=Authenticator.Type.TOTP).count()
    clock.shift(timedelta(minutes=6))

    asked = approve()

    assert left == 0
    assert asked.url == reverse("mfa_index")
    assert row().status == VersionStatus.DRAFT


def test_password_is_not_enough_to_approve(approval, client, clock):
    approve, row = approval
    clock.shift(timedelta(hours=1))
    client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})

    approve()

    assert row().status == VersionStatus.DRAFT


def test_confirming_a_licence_asks_for_a_factor_shown_longer_ago(client, clinic, clinician, clock):
    clinician.memberships.update(role=Role.OWNER)
    row = factories.practitioner(clinic, licence_number="GMC-1", licence_confirmed_at=None)
    url = reverse("admin:clinics_practitioner_confirm", args=[row.pk])
    posted = {"read": client.get(url).context["read"]}
    clock.shift(timedelta(minutes=6))

    asked = client.post(url, posted)
    row.refresh_from_db()
    before = row.licence_confirmed_at
    client.post(asked.url, {"code": code_of_app(), "next": asked.url.split("next=")[1].replace("%2F", "/")})

    row.refresh_from_db()
    assert asked.url.startswith(reverse("mfa_reauthenticate"))
    assert before is None
    assert row.licence_confirmed_by == clinician
