"""What became of a message, from all that was reported of it: the same in whatever order the reports came."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from aftercare.outbox.models import Delivery, DeliveryEvent

D = Delivery

WORDS: Mapping[str, Delivery] = {
    "deferred": D.DEFERRED,
    "delivered": D.DELIVERED,
    "bounced": D.BOUNCED,
    "rejected": D.REJECTED,
    "failed": D.REJECTED,
    "unsubscribed": D.UNSUBSCRIBED,
    "complained": D.COMPLAINED,
}
"""By anymail's types. What is not here, queued and sent, only proves that the service has the message."""

RANKS: Mapping[Delivery, int] = {
    D.DEFERRED: 1,
    D.DELIVERED: 2,
    D.REJECTED: 3,
    D.BOUNCED: 3,
    D.UNSUBSCRIBED: 4,
    D.COMPLAINED: 5,
}
PASSING_BOUNCE = 2
"""As a delivery's: after a bounce that may pass another try may succeed, and the later of the two is true."""

LOST = (Delivery.BOUNCED, Delivery.REJECTED)


def delivery_of(events: Iterable[DeliveryEvent]) -> tuple[Delivery, datetime] | None:
    """The delivery and since when; None if nothing was said of it.

    The highest rank counts, and of the same rank the latest. A server may report a bounce for good after it
    has taken the message, and a patient complains of what arrived, so these outrank a delivery.
    """
    said = [(*_weight(event), WORDS[event.event_type]) for event in events if event.event_type in WORDS]
    if not said:
        return None
    _rank, at, delivery = max(said)
    return delivery, at


def told_at(event: DeliveryEvent) -> datetime:
    """When it happened, or came if the service does not say."""
    return event.happened_at or event.received_at


def _weight(event: DeliveryEvent) -> tuple[int, datetime]:
    delivery = WORDS[event.event_type]
    passing = delivery == Delivery.BOUNCED and event.permanent is False
    return PASSING_BOUNCE if passing else RANKS[delivery], told_at(event)
