"""Mails about accounts name the site by its own address, whatever host the request named."""

import pytest
from django.core import mail
from django.urls import reverse

from aftercare.clinics.models import Role
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
ELSEWHERE = "evil.example.org"


@pytest.fixture
def user(settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://aftercare.example.com"
    return factories.user(factories.clinic(), Role.STAFF, email="noor@example.com")


def said(message):
    return f"{message.subject}\n{message.body}\n{message.alternatives}"


def test_reset_of_a_password_names_the_site_alone(client, user):
    client.post(reverse("account_reset_password"), {"email": user.email}, headers={"Host": ELSEWHERE})

    (message,) = mail.outbox
    assert ELSEWHERE not in said(message)
    assert "Hello from Aftercare" in message.body
    assert "https://aftercare.example.com/accounts/password/reset/key/" in message.body


def test_word_on_a_changed_password_names_the_site_alone(client, user):
    client.force_login(user)
    words = {"oldpassword": factories.PASSWORD, "password1": "a-long-made-up-word"}

    client.post(
        reverse("account_change_password"),
        {**words, "password2": words["password1"]},
        headers={"Host": ELSEWHERE},
    )

    (message,) = mail.outbox
    assert ELSEWHERE not in said(message)
    assert "\naftercare.example.com" in message.body
