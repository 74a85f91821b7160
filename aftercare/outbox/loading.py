"""The messages of one claim, read together with all that judging and writing them needs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from aftercare.clinics.addresses import comparable
from aftercare.content.models import CompiledVersion
from aftercare.outbox.composing import approved_text
from aftercare.outbox.models import Purpose, ScheduledMessage, Status, Suppression

FRESH = timedelta(seconds=1)
"""What was read is believed for so long. Stops that move the message's status need no reading at all: its
claim is checked in the statement that opens the try."""


class InHand:
    """Reads what is left of a claim in one go, and again whenever that is older than FRESH."""

    def __init__(self, claimed: Sequence[ScheduledMessage]) -> None:
        self._left = {message.pk for message in claimed}
        self._tokens = {message.claim_token for message in claimed}
        self._read_at: datetime | None = None
        self._messages: dict[Any, ScheduledMessage] = {}
        self._texts: dict[Any, CompiledVersion | None] = {}
        self._suppressed: set[tuple[int, str]] = set()

    def must_read(self, now: datetime) -> bool:
        """Whether the next message has to be read from the database first."""
        return self._read_at is None or now - self._read_at >= FRESH

    def take(self, message_id: Any, *, now: datetime) -> ScheduledMessage | None:
        """The message as it is now; None if this claim no longer holds it."""
        if self.must_read(now):
            self._messages = {message.pk: message for message in self._read()}
            self._suppressed = self._read_suppressed()
            self._texts, self._read_at = {}, now
        self._left.discard(message_id)
        return self._messages.pop(message_id, None)

    def is_suppressed(self, message: ScheduledMessage) -> bool:
        """Whether the patient's address may not be mailed by the clinic for this purpose."""
        return (message.clinic_id, comparable(message.patient.email)) in self._suppressed

    def text_for(self, message: ScheduledMessage) -> CompiledVersion | None:
        """As :func:`aftercare.outbox.composing.approved_text`, looked up once for all that share it."""
        key = (message.step.template_id, message.patient.written_locale, message.clinic_id)
        if key not in self._texts:
            self._texts[key] = approved_text(message)
        return self._texts[key]

    def _read(self) -> QuerySet[ScheduledMessage]:
        rows = ScheduledMessage.objects.filter(
            pk__in=self._left, status=Status.CLAIMED, claim_token__in=self._tokens
        )
        return rows.select_related(
            "clinic", "patient__clinic", "step__template", "session__clinic", "session__practitioner",
            "session__protocol", "session__patient__clinic",
        ).prefetch_related(
            "session__areas", "session__products", "session__protocol__restrictions"
        )  # fmt: skip

    def _read_suppressed(self) -> set[tuple[int, str]]:
        """The clinics and addresses, of those in hand, that do not go together."""
        messages = self._messages.values()
        rows = Suppression.objects.filter(
            clinic__in={message.clinic_id for message in messages},
            email__in={comparable(message.patient.email) for message in messages},
            purpose__in=(Purpose.ALL, Purpose.CARE),
        )
        return set(rows.values_list("clinic_id", "email"))
