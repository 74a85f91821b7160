"""Two sessions of one person that add a first second factor in the same instant."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import flows
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.db import connection
from django.test import Client
from django.urls import reverse

from aftercare.clinics.models import Role
from tests import factories

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
SECONDS_FOR_THE_OTHER = 1


@pytest.fixture
def user(settings):
    settings.SECOND_FACTOR_REQUIRED = True
    return factories.user(factories.clinic(), Role.OWNER)


@pytest.fixture
def both_inside(monkeypatch):
    """Whoever is about to store a factor waits for the other, who gets as far unless something keeps them."""
    waiting, together = [], Event()

    class WaitingTOTP(TOTP):
        @classmethod
        def activate(cls, user, secret):
            waiting.append(secret)
            if len(waiting) == 2:
                together.set()
            together.wait(SECONDS_FOR_THE_OTHER)
            return super().activate(user, secret)

    monkeypatch.setattr(flows, "TOTP", WaitingTOTP)
    return together


def ready_to_add(user):
    """A session that has given the password and stands on the page, with the code of its own app."""
    client = Client(raise_request_exception=False)
    client.post(reverse("account_login"), {"login": user.username, "password": factories.PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    return client, format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_first_factor_added_by_two_sessions_at_once_is_added_by_one_and_asked_of_the_other(user, both_inside):
    sessions = [ready_to_add(user) for _ in range(2)]
    start = Barrier(2)

    def add(session):
        client, code = session
        start.wait(timeout=10)
        try:
            return client.post(reverse("mfa_activate_totp"), {"code": code}).headers.get("Location", "failed")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        ways = sorted(pool.map(add, sessions))

    assert not both_inside.is_set()
    assert [way.split("?")[0] for way in ways] == [
        reverse("mfa_reauthenticate"),
        reverse("mfa_view_recovery_codes"),
    ]
    assert Authenticator.objects.filter(user=user, type="totp").count() == 1
