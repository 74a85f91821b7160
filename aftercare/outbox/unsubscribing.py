"""A patient's wish not to be written to any more, from the link that every message carries."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer

from aftercare.clinics.addresses import comparable
from aftercare.outbox.models import Purpose, ScheduledMessage, Suppression

LINK_LIVES = timedelta(days=400)
"""CAN-SPAM asks for 30 days; a patient may look for the link of last year's treatment."""

_signer = Signer(sep=".", salt="aftercare.outbox.unsubscribing")


class BadLink(Exception):
    """Not a link of ours."""


class OldLink(Exception):
    """A link of ours that has outlived its time."""


def unsubscribe_url(message_id: uuid.UUID) -> str:
    """The address for List-Unsubscribe and the message's footer: the same at every try, naming nobody."""
    return f"{settings.SITE_URL}/u/{_signer.sign(message_id.hex)}/"


def message_of(token: str, *, now: datetime) -> ScheduledMessage:
    """The message whose link it is. Raises BadLink or OldLink."""
    try:
        message_id = uuid.UUID(_signer.unsign(token))
    except BadSignature as error:
        raise BadLink from error
    rows = ScheduledMessage.objects.select_related("clinic", "patient__clinic")
    message = rows.filter(pk=message_id).first()
    if message is None:
        raise BadLink
    if now > message.send_at + LINK_LIVES:
        raise OldLink
    return message


def unsubscribe(message: ScheduledMessage, *, now: datetime) -> Suppression:
    """Notes that the clinic must not send aftercare to the address this message went to. Once is enough."""
    suppression, _new = Suppression.objects.get_or_create(
        clinic=message.clinic,
        email=_address_of(message),
        purpose=Purpose.CARE,
        defaults={"reason": "unsubscribed", "created_at": now},
    )
    return suppression


def _address_of(message: ScheduledMessage) -> str:
    """Where the last try went: the patient's address may have been corrected since."""
    attempt = message.attempts.last()
    return comparable(str(attempt.headers["To"] if attempt else message.patient.email))
