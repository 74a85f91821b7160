"""Which message a report speaks of, and of which try: by our own id, else by the mail service's."""

import uuid
from dataclasses import dataclass
from typing import Any

from aftercare.outbox.models import Attempt, AttemptOutcome, DeliveryEvent, ScheduledMessage


@dataclass(frozen=True)
class Match:
    """The message, locked until the transaction ends, and the try at the address that was reported."""

    message: ScheduledMessage
    attempt: Attempt


def match(event: DeliveryEvent) -> Match | DeliveryEvent.Verdict:
    """The match, or the verdict when there is none: no such message, or it went to another address.

    The second is what a forged id, or one of another system that shares the account, comes to.
    """
    message = _locked(_message_id(event))
    if message is None:
        return DeliveryEvent.Verdict.UNMATCHED
    attempt = _attempt(event, message)
    return Match(message, attempt) if attempt else DeliveryEvent.Verdict.MISMATCHED


def _message_id(event: DeliveryEvent) -> Any:
    """Our id when the report carries one; some services keep none, or drop it from some reports."""
    try:
        return uuid.UUID(event.message_key)
    except ValueError:
        pass
    if not event.provider_message_id:
        return None
    tries = Attempt.objects.filter(provider=event.provider, provider_message_id=event.provider_message_id)
    return tries.order_by("-opened_at").values_list("message", flat=True).first()


def _locked(message_id: Any) -> ScheduledMessage | None:
    if message_id is None:
        return None
    rows = ScheduledMessage.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("clinic", "patient", "step").filter(pk=message_id).first()


def _attempt(event: DeliveryEvent, message: ScheduledMessage) -> Attempt | None:
    """Of the tries at that address: the one with the service's id, else the last in doubt, else the last."""
    tries = [one for one in message.attempts.order_by("number") if one.recipient == event.recipient]
    named = [one for one in tries if event.provider_message_id == one.provider_message_id != ""]
    doubted = [one for one in tries if one.outcome == AttemptOutcome.UNKNOWN]
    return next((some[-1] for some in (named, doubted, tries) if some), None)
