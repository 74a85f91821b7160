"""Adding and taking off a second factor: never by a session that has shown the password alone."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.urls import urlpatterns
from django.urls import URLResolver, reverse

from aftercare.clinics.models import Role
from aftercare.console.accounts.factors import OPEN
from tests import factories

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CONSOLE = "/admin/"
IN_AN_HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 3, 28, 16, 2, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def user(settings):
    settings.SECOND_FACTOR_REQUIRED = True
    return factories.user(factories.clinic(), Role.OWNER)


def code_of_app(secret=SECRET):
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def log_in(client, user):
    client.post(reverse("account_login"), {"login": user.username, "password": factories.PASSWORD})
    return client


def give_password(client):
    client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
    return client


def enrol_app(client):
    page = client.get(reverse("mfa_activate_totp"))
    return client.post(reverse("mfa_activate_totp"), {"code": code_of_app(page.context["form"].secret)})


def with_app(user):
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


def names(patterns=urlpatterns):
    """Every address of allauth's second factor, by name."""
    for one in patterns:
        yield from names(one.url_patterns) if isinstance(one, URLResolver) else [one.name]


def url_of(name):
    return reverse(name, args=[1] if name in ("mfa_remove_webauthn", "mfa_edit_webauthn") else [])


def test_first_factor_ends_the_other_sessions_and_keeps_this_one(client, user):
    other = give_password(log_in(type(client)(), user))
    enrol_app(give_password(log_in(client, user)))

    assert client.get(CONSOLE).status_code == 200
    assert other.get(reverse("mfa_index")).url.startswith(reverse("account_login"))


@pytest.mark.parametrize("name", sorted(set(names()) - OPEN))
def test_password_alone_opens_no_page_that_changes_a_factor(name, client, user):
    client.force_login(with_app(user))
    give_password(client)

    answers = [client.get(url_of(name)), client.post(url_of(name))]

    assert {answer.url.split("?")[0] for answer in answers} == {reverse("mfa_reauthenticate")}


def test_password_alone_takes_no_factor_off(client, user):
    client.force_login(with_app(user))
    give_password(client)

    client.post(reverse("mfa_deactivate_totp"))

    assert Authenticator.objects.filter(user=user, type="totp").exists()


def test_shown_factor_takes_it_off_and_an_hour_later_no_more(client, user, clock):
    client.force_login(with_app(user))
    client.post(reverse("mfa_reauthenticate"), {"code": code_of_app()})
    opened = client.get(reverse("mfa_deactivate_totp"))
    clock.shift(IN_AN_HOUR)
    give_password(client)

    late = client.post(reverse("mfa_deactivate_totp"))
    client.post(reverse("mfa_reauthenticate"), {"code": code_of_app()})
    client.post(reverse("mfa_deactivate_totp"))

    assert opened.status_code == 200
    assert late.url.startswith(reverse("mfa_reauthenticate"))
    assert not Authenticator.objects.filter(user=user).exists()
