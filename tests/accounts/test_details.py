"""One's own name and address: a new address counts once its mail was read, and the former one is told."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.urls import reverse

from aftercare.clinics.models import Role
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
PAGE = reverse("account_details")
NEW = "otto.new@example.com"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 3, 28, 16, 2, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def user(client):
    """Logged in with the password just now."""
    names = {"first_name": "Otto", "last_name": "Holm", "email": "otto@example.com"}
    user = factories.user(factories.clinic(), Role.STAFF, **names)
    log_in(client, user)
    return user


def log_in(client, user):
    client.post(reverse("account_login"), {"login": user.username, "password": factories.PASSWORD})


def save(client, **over):
    given = {"first_name": "Otto", "last_name": "Holm", "email": "otto@example.com", **over}
    return client.post(PAGE, given, follow=True)


def link():
    return re.search(r"http://[^/]+(/accounts/details/address/\S+)", mail.outbox[0].body)[1]


def test_own_name_is_changed_and_its_history_names_who_did_it(client, user):
    save(client, last_name="Holm-Lark")

    user.refresh_from_db()
    last = user.history.first()
    assert user.get_full_name() == "Otto Holm-Lark"
    assert (last.last_name, last.email, last.history_user) == ("Holm-Lark", "otto@example.com", user)


def test_new_address_counts_only_once_its_link_was_opened_and_the_former_is_told(client, user):
    save(client, email=NEW)
    user.refresh_from_db()
    before = user.email
    client.get(link())
    user.refresh_from_db()

    assert (before, user.email) == ("otto@example.com", "otto@example.com")
    client.post(link())
    user.refresh_from_db()

    assert user.email == NEW
    assert [message.to for message in mail.outbox] == [[NEW], ["otto@example.com"]]
    assert user.history.first().email == NEW


def test_former_address_resets_the_password_no_more(client, user):
    client.post(reverse("account_reset_password"), {"email": "otto@example.com"})
    mail.outbox.clear()
    save(client, email=NEW)
    client.post(link())
    mail.outbox.clear()

    client.post(reverse("account_reset_password"), {"email": "otto@example.com"})
    client.post(reverse("account_reset_password"), {"email": NEW})

    assert [message.to for message in mail.outbox] == [[NEW]]


def test_former_address_of_an_account_that_a_superuser_changed_resets_the_password_no_more(client, user):
    client.post(reverse("account_reset_password"), {"email": "otto@example.com"})
    client.force_login(factories.user(is_superuser=True))
    page = reverse("admin:clinics_user_change", args=[user.pk])
    client.post(
        page, {**client.get(page).context["adminform"].form.initial, "last_login_0": "", "email": NEW}
    )
    client.logout()
    mail.outbox.clear()

    client.post(reverse("account_reset_password"), {"email": "otto@example.com"})

    user.refresh_from_db()
    assert user.email == NEW
    assert mail.outbox == []


def test_link_counts_once(client, user):
    save(client, email=NEW)
    client.post(link())
    user.email = "third@example.com"
    user.save()

    answer = client.post(link(), follow=True)

    user.refresh_from_db()
    assert "Ask for a new one" in answer.content.decode()
    assert user.email == "third@example.com"


def test_link_older_than_three_days_counts_no_more(client, user, clock):
    save(client, email=NEW)
    clock.shift(timedelta(days=3, minutes=1))
    log_in(client, user)

    client.post(link())

    user.refresh_from_db()
    assert user.email == "otto@example.com"


def test_link_opened_by_somebody_else_changes_nobody(client, user):
    save(client, email=NEW)
    other = factories.user(factories.clinic(), Role.STAFF)
    client.force_login(other)

    client.post(link())

    for each in (user, other):
        was = each.email
        each.refresh_from_db()
        assert each.email == was


def test_link_opened_by_who_is_not_logged_in_asks_for_the_log_in(client, user):
    save(client, email=NEW)
    client.logout()

    answer = client.post(link())

    assert reverse("account_login") in answer["Location"]


def test_address_of_another_account_is_not_taken_and_the_page_does_not_tell(client, user):
    factories.user(email=NEW)

    html = save(client, email=NEW.upper()).content.decode()

    assert "A mail is on its way" in html
    assert "An account has" in mail.outbox[0].body
    assert "/details/address/" not in mail.outbox[0].body


@pytest.mark.parametrize("over", [{"email": "otto@@example"}, {"first_name": ""}, {"last_name": "a\u2028b"}])
def test_what_cannot_be_used_is_refused_beside_its_field(client, user, over):
    answer = save(client, **over)

    assert list(answer.context["form"].errors) == list(over)
    assert mail.outbox == []


def test_password_given_longer_ago_is_asked_for_again_before_anything_changes(client, user, clock):
    clock.shift(timedelta(minutes=6))

    answer = save(client, last_name="Lark")

    user.refresh_from_db()
    assert answer.request["PATH_INFO"] == reverse("account_reauthenticate")
    assert user.last_name == "Holm"
    client.post(answer.redirect_chain[0][0], {"password": factories.PASSWORD, "next": PAGE})
    user.refresh_from_db()
    assert user.last_name == "Lark"


def test_second_factor_shown_longer_ago_is_asked_for_again(client, user):
    TOTP.activate(user, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")

    answer = save(client, email=NEW)

    assert answer.request["PATH_INFO"] == reverse("mfa_reauthenticate")
    assert mail.outbox == []
