"""Keeping what mail services report: stored first, each report once, and judged afterwards."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from aftercare.outbox.models import DeliveryEvent
from aftercare.outbox.waking import wake_to_judge


def store(events: Iterable[DeliveryEvent], *, now: datetime) -> None:
    """Keeps the reports of one post, all or none, and wakes a judge when they are committed.

    A report that is there already, by its fingerprint, is left as it is.
    """
    rows = {event.fingerprint: event for event in events}
    if not rows:
        return
    for event in rows.values():
        event.received_at = now
    with transaction.atomic():
        DeliveryEvent.objects.bulk_create(rows.values(), ignore_conflicts=True)
        transaction.on_commit(wake_to_judge)
