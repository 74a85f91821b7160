"""Idempotency keys at the mail providers that know them: the same key twice is one message.

Resend: an HTTP header, kept for 24 hours, the first answer again ("Idempotency Keys" in its documentation).
Brevo: a member of the JSON ``headers``, kept for 30 minutes (15 in its older changelog), then the error
``duplicate_parameter`` ("Idempotency for batch emails"). The others that anymail speaks to: none is known.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from anymail.backends import resend
from django.conf import settings
from django.core.mail import EmailMessage

RESEND, BREVO = "Resend", "Brevo"
RESEND_BACKEND = "aftercare.outbox.providers.ResendBackend"

_LIFETIMES = {
    # The shortest time documented, less what a call may need to arrive there.
    RESEND: timedelta(hours=23),
    BREVO: timedelta(minutes=13),
}


def key_lifetime(provider: str) -> timedelta | None:
    """How long after a call its key still protects from a second copy; None where there are no keys.

    ``provider`` is anymail's ``esp_name``. Counted from the moment before the first call. Anymail's own
    backend for Resend hands over no key, so that nothing protects there.
    """
    if provider == RESEND and settings.EMAIL_BACKEND != RESEND_BACKEND:
        return None
    return _LIFETIMES.get(provider)


def give_key(email: EmailMessage, key: UUID, provider: str) -> None:
    """Writes the key on the message, for a provider that knows keys; does nothing for the others."""
    message: Any = email
    if provider == RESEND:
        message.idempotency_key = str(key)
    if provider == BREVO:
        message.extra_headers["idempotencyKey"] = str(key)


def has_answer(email: EmailMessage) -> bool:
    """Whether anymail got an answer of success for this message, whatever it made of it afterwards."""
    status = getattr(email, "anymail_status", None)
    return getattr(status, "esp_response", None) is not None


class ResendPayload(resend.ResendPayload):
    """Anymail's, with the message's key as the HTTP header."""

    def __init__(self, message: Any, defaults: Any, backend: Any) -> None:
        super().__init__(message, defaults, backend)
        if key := getattr(message, "idempotency_key", ""):
            self.headers["Idempotency-Key"] = key


class ResendBackend(resend.EmailBackend):
    """Anymail's Resend backend, which also hands over the key that :func:`give_key` wrote."""

    def build_message_payload(self, message: Any, defaults: Any) -> ResendPayload:
        return ResendPayload(message, defaults, self)
