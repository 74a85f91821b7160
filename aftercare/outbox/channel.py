"""The way to the mail service: one connection for a batch, one message at a time."""

from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

import structlog
from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends import smtp

from aftercare.outbox.overtime import within
from aftercare.outbox.providers import give_key
from aftercare.outbox.washing import storable
from aftercare.outbox.wire import Mail

WITHOUT_METADATA = frozenset({"MailerSend", "Postal"})
"""Services that give back no metadata in their reports, but do give back tags."""

CALLS_A_MESSAGE = 4
"""MAIL, RCPT, DATA and its text may each wait for the time-out before the call is over."""

log = structlog.get_logger(__name__)


class NobodyKnows(Exception):
    """The backend returned without saying whether it took the message."""


class Try(Protocol):
    """What is about to be handed over, as the mail service will know it: an attempt, or a notice to staff."""

    @property
    def message_id(self) -> Any: ...

    @property
    def idempotency_key(self) -> UUID: ...


class Channel:
    """A connection by the site's mail settings, opened when first needed and again after :meth:`close`."""

    def __init__(self) -> None:
        self._backend = get_connection()
        if isinstance(self._backend, AnymailBaseBackend):
            # We ask every provider not to track and to keep our id; one that cannot must still deliver.
            self._backend.ignore_unsupported_features = True

    @cached_property
    def name(self) -> str:
        """The mail service, for people: a provider's name, a server's address or a backend's class."""
        backend = self._backend
        if isinstance(backend, smtp.EmailBackend):
            return f"SMTP {backend.host}:{backend.port}"[:120]
        return str(getattr(backend, "esp_name", type(backend).__name__))[:120]

    def open(self) -> None:
        """Connects unless connected already. Whatever it raises, nothing has left."""
        if isinstance(self._backend, smtp.EmailBackend) and self._backend.connection is not None:
            return  # asked before each message
        with within(settings.EMAIL_TIMEOUT * CALLS_A_MESSAGE):
            self._backend.open()

    def close(self) -> None:
        """Hangs up, if connected. A farewell that fails changes nothing."""
        try:
            with within(settings.EMAIL_TIMEOUT):
                self._backend.close()
        except OSError as error:  # also Requests' and smtplib's
            log.info("mail_service_not_closed", error=type(error).__name__)

    def prepare(self, email: Mail, attempt: Try) -> None:
        """All that can be done, and can go wrong, before the try is on record. Raises what that raises."""
        if isinstance(self._backend, AnymailBaseBackend):
            _fit_for_anymail(email, str(attempt.message_id), self.name)
            give_key(email, attempt.idempotency_key, self.name)
        else:
            email.wire  # noqa: B018 - written now, kept for the call

    def hand_over(self, email: Mail) -> str:
        """Gives one prepared message to the service; returns the service's id for it, or an empty text.

        Raises whatever the backend raises (see :mod:`aftercare.outbox.deciding`), AnymailRecipientsRefused
        when the service says that it will not deliver, NobodyKnows when it says nothing.
        """
        with within(settings.EMAIL_TIMEOUT * CALLS_A_MESSAGE):
            taken = self._backend.send_messages([email])
        if taken == 0:
            raise AnymailRecipientsRefused("The mail service took no message.")
        if taken is None:
            raise NobodyKnows(type(self._backend).__name__)
        return _provider_message_id(email, self.name)


def _fit_for_anymail(email: Any, message_id: str, service: str) -> None:
    """Sets the attributes that anymail reads from a message (its "additions")."""
    if service in WITHOUT_METADATA:
        email.tags = [message_id]
    email.extra_headers.pop("Date", None)  # the provider writes its own, and some refuse another
    email.metadata = {"message_id": message_id}
    email.track_opens = email.track_clicks = False


def _provider_message_id(email: EmailMultiAlternatives, service: str) -> str:
    status = getattr(email, "anymail_status", None)
    if status is None:
        return ""
    if status.status == {"failed"}:
        given = {"response": status.esp_response, "esp_name": service}
        raise AnymailRecipientsRefused("The mail service reports that it failed.", **given)
    # A provider that writes the address otherwise than we do leaves a second entry without an id.
    ids = (recipient.message_id for recipient in status.recipients.values())
    return next((known for each in ids if (known := storable(each, 255))), "")
