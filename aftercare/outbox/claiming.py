"""Leasing what is due: each message to one worker, for a time."""

import uuid
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import connection, transaction

from aftercare.outbox import clock
from aftercare.outbox.models import ScheduledMessage, Status

# MATERIALIZED: as a plain subquery the planner may run it more than once and claim more than LIMIT rows.
POSTGRESQL = """
WITH due AS MATERIALIZED (
    SELECT id FROM outbox_scheduledmessage
    WHERE status = 'scheduled' AND safety_critical = %(critical)s AND due_at <= %(now)s
    ORDER BY due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE outbox_scheduledmessage AS message
SET status = 'claimed', claim_token = %(token)s, lease_until = %(until)s
FROM due WHERE message.id = due.id
RETURNING message.id
"""
# SQLite has one writer at a time; the transaction is IMMEDIATE, so that it is this one from the start.
SQLITE = """
UPDATE outbox_scheduledmessage
SET status = 'claimed', claim_token = %(token)s, lease_until = %(until)s
WHERE id IN (
    SELECT id FROM outbox_scheduledmessage
    WHERE status = 'scheduled' AND safety_critical = %(critical)s AND due_at <= %(now)s
    ORDER BY due_at
    LIMIT %(limit)s
)
RETURNING id
"""


MOST_DRAINS = 4
"""A tick wakes no more: each drain goes on until nothing is due, and a further tick follows."""


def claim(*, limit: int, lease: timedelta) -> list[ScheduledMessage]:
    """Claims up to ``limit`` due messages under one new token, until the database's now plus ``lease``.

    Safety-critical ones come first, then the longest due. Two claimers never get the same message.
    """
    now, token = clock.database_now(), uuid.uuid4()
    with transaction.atomic():
        # One statement for each kind, so that each reads its own end of the index and no row of the future.
        ids = _take(limit, token, now=now, until=now + lease, critical=True)
        ids += _take(limit - len(ids), token, now=now, until=now + lease, critical=False)
    mine = ScheduledMessage.objects.filter(pk__in=ids, status=Status.CLAIMED, claim_token=token)
    return list(mine.order_by("-safety_critical", "due_at")) if ids else []


def wake_ups_worth(*, now: datetime, chunk: int) -> int:
    """How many drains of ``chunk`` messages have work now: none if nothing is due, at most MOST_DRAINS."""
    due = ScheduledMessage.objects.filter(status=Status.SCHEDULED, due_at__lte=now)
    enough = chunk * MOST_DRAINS
    # Counted by kind, and no further than needed, for the index's sake.
    waiting = sum(due.filter(safety_critical=critical)[:enough].count() for critical in (True, False))
    return min(ceil(waiting / chunk), MOST_DRAINS)


def _take(limit: int, token: uuid.UUID, *, now: datetime, until: datetime, critical: bool) -> list[Any]:
    if limit <= 0:
        return []
    values: dict[str, Any] = {
        "limit": limit,
        "token": token,
        "now": now,
        "until": until,
        "critical": critical,
    }
    statement = POSTGRESQL
    if connection.vendor == "sqlite":
        adapt = connection.ops.adapt_datetimefield_value
        statement, values = SQLITE, {**values, "token": token.hex, "now": adapt(now), "until": adapt(until)}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]
