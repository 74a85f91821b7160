"""The signed links that every message carries: each purpose has a signature of its own, and an end."""

import base64
import hashlib
import hmac
import uuid
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import UUIDField
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_bytes

from aftercare.clinics.kept import Blank, Kept
from aftercare.outbox.models import ScheduledMessage

OPENED = Kept(
    lambda: ScheduledMessage.objects.select_related("clinic", "step__template", "patient", "session").filter(
        pk=Blank("pk", UUIDField())
    )
)
_THREAD_KEY = hashlib.sha256(settings.SECRET_KEY.encode()).digest()


SIGNED_ID = r"[a-z2-7]+\.[a-z2-7]+"
"""What stands in a link for a message, and its signature."""


class BadLink(Exception):
    """Not a link of ours, or one that was made for another purpose."""


class OldLink(Exception):
    """A link of ours that has outlived its time; ``message`` is the one it came with."""

    def __init__(self, message: ScheduledMessage) -> None:
        super().__init__(str(message.pk))
        self.message = message


class QuickSigner(Signer):
    """Django's signer, with its key derived once instead of for every value, and its signature in base 32.

    Base 32, because some words of random letters and digits look like a Bitcoin address, for which
    SpamAssassin's rule PDS_BTC_ID takes off a point; words as long as ours in this alphabet never do.
    """

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        keyed = _keyed(self.salt, key or self.key, self.algorithm).copy()
        keyed.update(force_bytes(value))
        return _base32(keyed.digest())


@lru_cache(maxsize=64)
def _keyed(salt: str, key: str | bytes, algorithm: str) -> hmac.HMAC:
    """What every signature by this key begins with."""
    return salted_hmac(f"{salt}signer", b"", key, algorithm=algorithm)


@lru_cache(maxsize=16)
def _word_of(message_id: uuid.UUID) -> str:
    """Every link of a message has it."""
    return _base32(message_id.bytes)


def _base32(value: bytes) -> str:
    return base64.b32encode(value).decode().rstrip("=").lower()


def _of_base32(word: str) -> bytes:
    return base64.b32decode(word.upper() + "=" * (-len(word) % 8))


class Link:
    """Addresses that stand for a message and name nobody; the same at every try.

    ``lives``: so long after the message was promised for. Nothing about it is stored.
    """

    def __init__(self, *, path: str, salt: str, lives: timedelta) -> None:
        self._path, self._lives = path, lives
        self._signer = QuickSigner(sep=".", salt=salt)
        # One message asks for it more than once.
        self._signed = lru_cache(maxsize=16)(self._signer.sign)

    def url(self, message_id: uuid.UUID) -> str:
        return f"{settings.SITE_URL}/{self._path}/{self._signed(_word_of(message_id))}/"

    def message_of(self, token: str, *, now: datetime) -> ScheduledMessage:
        """The message whose link it is, with its session, patient and clinic. Raises BadLink or OldLink."""
        try:
            message_id = uuid.UUID(bytes=_of_base32(self._signer.unsign(token)))
        except BadSignature as error:
            raise BadLink from error
        message = OPENED.first(pk=message_id)
        if message is None:
            raise BadLink
        message.patient.clinic = message.session.clinic = message.clinic  # they are of one clinic
        message.session.patient = message.patient
        if now > self.ends_at(message):
            raise OldLink(message)
        return message

    def ends_at(self, message: ScheduledMessage) -> datetime:
        """When the link leads nowhere any more."""
        return message.send_at + self._lives


UNSUBSCRIBE = Link(path="u", salt="aftercare.outbox.unsubscribing", lives=timedelta(days=400))
"""CAN-SPAM asks for 30 days; a patient may look for the link of last year's treatment."""

READ = Link(path="m", salt="aftercare.outbox.reading", lives=timedelta(days=90))
"""It shows what was said about a treatment: long enough for a plan of weeks, and no longer."""

CHECK_IN = Link(path="c", salt="aftercare.outbox.checking_in", lives=timedelta(days=60))
"""Late problems come weeks after the last message that asks."""


def asked_by(message: ScheduledMessage) -> uuid.UUID:
    """The message whose check-in it leads to: a reminder, to that of the message it reminds of."""
    if message.step.reminds_id is None:
        return message.pk
    asking = ScheduledMessage.objects.filter(session=message.session_id, step=message.step.reminds_id)
    return asking.values_list("pk", flat=True).get()


def thread_of(session_id: int) -> str:
    """The id that a session's messages refer to (RFC 5322, 3.6.4), so that mail programs keep them together.

    No message of its own: whichever of them comes first, and with none looked up while sending.
    """
    return hashlib.blake2b(b"thread:%d" % session_id, key=_THREAD_KEY, digest_size=16).hexdigest()
