"""How the log-in pages behave here: nobody signs up by themselves, and secrets are not kept in the clear."""

import base64
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

NAME = "Aftercare"
SALT = "aftercare.second-factor"
WAYS = {
    "reauthenticate": _("Use your password"),
    "mfa_reauthenticate": _("Use a code of your app, or a recovery code"),
    "mfa_reauthenticate:webauthn": _("Use a passkey"),
}
"""How one shows again that it is oneself."""


@dataclass(frozen=True)
class Home:
    """The site as mails name it."""

    name: str
    domain: str

    @classmethod
    def of(cls, url: str) -> Self:
        return cls(name=NAME, domain=urlsplit(url).netloc)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by others, never by whoever comes along."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("Please enter the correct user name and password."),
        "email_password_mismatch": _("Please enter the correct user name and password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the site's own name, which allauth takes from the request where nobody gives it."""
        super().send_mail(template_prefix, email, {**context, "current_site": Home.of(settings.SITE_URL)})

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        ways = super().get_reauthentication_methods(user)
        return [{**way, "description": WAYS.get(way["id"], way["description"])} for way in ways]

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Under the site's own address: a request's host is chosen by whoever asks."""
        return _at_home(super().get_reset_password_from_key_url(key))


class SecondFactorAdapter(DefaultMFAAdapter):
    """Encrypts what is secret about an authenticator with a key made from ``SECRET_KEY``."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """What a new passkey is called until its owner names it."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Device %(number)s") % {"number": number}

    def _get_site_name(self) -> str:
        return NAME


def _cipher() -> MultiFernet:
    """Encrypts with today's key; reads what the fallback keys have encrypted as well."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac(SALT, "", secret=key, algorithm="sha256").digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def _at_home(url: str) -> str:
    path = url.split("/", 3)[-1]
    return f"{settings.SITE_URL}/{path}"
