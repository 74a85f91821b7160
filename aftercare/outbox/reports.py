"""A mail service's report, as anymail read it, in the form in which it is stored."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from aftercare.clinics.addresses import comparable
from aftercare.outbox.models import DeliveryEvent
from aftercare.outbox.permanence import is_permanent
from aftercare.outbox.washing import storable

TELLING = frozenset(
    {"queued", "sent", "deferred", "delivered", "bounced", "rejected", "failed", "unsubscribed", "complained"}
)
"""Anymail's types that say something about delivery. What a patient opens or clicks is not ours to know."""

UNREAD_BY_ANYMAIL: Mapping[tuple[str, str], str] = {
    ("Resend", "email.failed"): "failed",
    ("Resend", "email.suppressed"): "rejected",
}
"""Types of newer reports, by service (https://resend.com/docs/webhooks/event-types)."""

LONGEST_DETAIL = 1000


def read(report: Any, *, provider: str, now: datetime) -> DeliveryEvent | None:
    """The row for anymail's event, not saved; None when it says nothing about delivery.

    Raises whatever a malformed report makes Python raise.
    """
    event_type = _type(report, provider)
    if event_type not in TELLING:
        return None
    reason, reply = storable(report.reject_reason, 20), storable(report.mta_response, LONGEST_DETAIL)
    event = DeliveryEvent(
        provider=provider,
        event_type=event_type,
        provider_message_id=storable(report.message_id, 255),
        message_key=_key(report),
        recipient=comparable(storable(report.recipient, 320))[:320],
        happened_at=_instant(report.timestamp),
        received_at=now,
        reject_reason=reason,
        permanent=is_permanent(provider, event_type, reason=reason, raw=report.esp_event, reply=reply),
        detail=" · ".join(filter(None, (storable(report.description, LONGEST_DETAIL), reply)))[
            :LONGEST_DETAIL
        ],
    )
    event.fingerprint = fingerprint(event)
    return event


def fingerprint(event: DeliveryEvent) -> str:
    """The same for a report that comes twice. Not made of the provider's event id, which several leave out
    or change when they repeat a report."""
    at = event.happened_at.isoformat() if event.happened_at else ""
    ours = event.provider_message_id or event.message_key
    told = [event.provider, ours, event.event_type, event.recipient, at]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _type(report: Any, provider: str) -> str:
    raw = report.esp_event
    if report.event_type == "unknown" and isinstance(raw, Mapping):
        return UNREAD_BY_ANYMAIL.get((provider, str(raw.get("type"))), "unknown")
    return str(report.event_type)


def _key(report: Any) -> str:
    """Our own id: in the metadata, or as a tag of a service that keeps no metadata."""
    metadata = report.metadata if isinstance(report.metadata, Mapping) else {}
    tags = report.tags if isinstance(report.tags, Iterable) else ()
    return storable(metadata.get("message_id"), 64) or next((str(tag) for tag in tags if _is_uuid(tag)), "")


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def _instant(value: datetime | None) -> datetime | None:
    """In UTC, which is also what a time without a zone means."""
    if value is None:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
