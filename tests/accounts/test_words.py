"""The pages of one's account say one word for each thing: a passkey is called nothing else."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.urls import reverse

from aftercare.clinics.models import Role
from tests import factories

pytestmark = pytest.mark.django_db
OTHER_WORDS = ("security key", "master key", "two-factor", "reauthenticate to", "sign in")
KEY = {"name": "Phone", "credential": {"clientExtensionResults": {"credProps": {"rk": True}}}}
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
INVITE = "/admin/clinics/invitation/add/"


@pytest.fixture
def owner():
    return factories.user(factories.clinic(), Role.OWNER)


@pytest.fixture
def logged_in(client, owner):
    client.force_login(owner)
    client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
    return client


def words_of(answer):
    assert answer.status_code == 200
    return answer.content.decode().partition("<main>")[2].partition("<script")[0].lower()


@pytest.mark.parametrize("name", ["mfa_index", "mfa_add_webauthn", "mfa_list_webauthn"])
def test_page_of_passkeys_uses_no_other_word_for_one(name, logged_in):
    words = words_of(logged_in.get(reverse(name)))

    assert "passkey" in words
    assert [word for word in OTHER_WORDS if word in words] == []


def test_new_passkey_is_offered_as_the_first_device_that_may_log_in_by_itself(logged_in):
    words = words_of(logged_in.get(reverse("mfa_add_webauthn")))

    assert 'value="device 1"' in words
    assert "this passkey may log in by itself" in words


def test_page_that_asks_again_for_the_password_says_so_in_our_words(client, owner):
    client.force_login(owner)

    words = words_of(client.get(reverse("account_reauthenticate")))

    assert "show again that it is you" in words
    assert [word for word in OTHER_WORDS if word in words] == []


def test_page_that_asks_for_a_code_offers_a_passkey_instead(client, owner):
    TOTP.activate(owner, SECRET)
    client.post(reverse("account_login"), {"login": owner.username, "password": factories.PASSWORD})

    words = words_of(client.get(reverse("mfa_authenticate")))

    assert "use a passkey" in words
    assert [word for word in OTHER_WORDS if word in words] == []


def test_passkey_that_may_log_in_by_itself_says_so_and_is_taken_off_on_a_page_of_its_own(client, owner):
    row = Authenticator.objects.create(user=owner, type=Authenticator.Type.WEBAUTHN, data=KEY)
    TOTP.activate(owner, SECRET)
    client.force_login(owner)
    code = format_hotp_value(hotp_value(SECRET, next(yield_hotp_counters_from_time())))
    client.post(reverse("mfa_reauthenticate"), {"code": code})

    words = words_of(client.get(reverse("mfa_list_webauthn")))
    asked = words_of(client.get(reverse("mfa_remove_webauthn", args=[row.pk])))
    client.post(reverse("mfa_remove_webauthn", args=[row.pk]))

    assert "logs you in alone" in words
    assert "take this passkey off?" in asked
    assert not Authenticator.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("asked", [True, False])
def test_invitation_promises_a_second_factor_only_where_the_site_asks_for_one(
    asked, client, owner, settings, monkeypatch
):
    client.force_login(owner)
    monkeypatch.setattr("aftercare.console.site.second_factor_first", lambda request: None)
    settings.SECOND_FACTOR_REQUIRED = asked

    page = client.get(INVITE).content.decode()

    assert ("asked for a second factor" in page) is asked
