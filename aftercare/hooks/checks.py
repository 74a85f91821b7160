"""What a deployment must have before it believes what a mail service reports."""

import warnings
from typing import Any

from anymail.exceptions import AnymailConfigurationError
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from aftercare.hooks.providers import VIEWS, view_of


def reports_are_verified(**_kwargs: Any) -> list[CheckMessage]:
    """Says when anybody could write reports, and when the mail service writes none that can be read."""
    provider = settings.WEBHOOK_PROVIDER
    if provider and provider not in VIEWS:
        return [
            Warning(
                f"What becomes of a message after {provider} took it is not reported.",
                hint="Bounces and complaints must be looked for in the provider's own pages, every day.",
                id="aftercare.W001",
            )
        ]
    if provider and not _verifies(provider):
        return [
            Error(
                f"Anybody could write {provider}'s reports: nothing tells its own from others.",
                hint="Set WEBHOOK_SECRET or the signing key that the provider's pages show.",
                id="aftercare.E001",
            )
        ]
    return []


def _verifies(provider: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            view = view_of(provider)()
    except AnymailConfigurationError:
        return False
    signed = not view.warn_if_no_basic_auth and getattr(view, "webhook_key", True) is not None
    return bool(signed or view.basic_auth)
