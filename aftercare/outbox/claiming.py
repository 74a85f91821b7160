"""Leasing what is due: each message to one worker, for a time, and to each clinic its turn."""

import json
import uuid
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import connection, transaction

from aftercare.clinics.instances import instance
from aftercare.outbox import clock
from aftercare.outbox.limiting import allowance, take
from aftercare.outbox.models import ScheduledMessage, Status

# Each clinic's queue is read at its own end of the index, so that one clinic's flood is never walked through
# for another's message. MATERIALIZED: as a plain subquery the planner may run it more than once, and more
# than LIMIT rows would be locked or claimed.
POSTGRESQL = """
WITH heads AS MATERIALIZED (
    SELECT kind.critical, clinic.id AS clinic_id, limited.most
    FROM (VALUES (true), (false)) AS kind (critical)
    CROSS JOIN clinics_clinic AS clinic
    LEFT JOIN unnest(%(limited)s::bigint[], %(most)s::int[]) AS limited (clinic_id, most)
        ON limited.clinic_id = clinic.id
    CROSS JOIN LATERAL (
        SELECT due_at FROM outbox_scheduledmessage
        WHERE status = 'scheduled' AND clinic_id = clinic.id
            AND safety_critical = kind.critical AND due_at <= %(now)s
        ORDER BY due_at
        LIMIT 1
    ) AS head
    WHERE clinic.id <> ALL (%(shut)s::bigint[]) AND COALESCE(limited.most, 1) > 0
    ORDER BY kind.critical DESC, random() -- whose turn it is where more clinics wait than a chunk holds
    LIMIT %(limit)s
), queued AS MATERIALIZED (
    SELECT mine.id, mine.due_at, heads.critical, heads.most,
        row_number() OVER (PARTITION BY heads.clinic_id, heads.critical ORDER BY mine.due_at) AS turn,
        row_number() OVER (PARTITION BY heads.clinic_id ORDER BY heads.critical DESC, mine.due_at) AS place
    FROM heads
    CROSS JOIN LATERAL (
        SELECT id, due_at FROM outbox_scheduledmessage
        WHERE status = 'scheduled' AND clinic_id = heads.clinic_id
            AND safety_critical = heads.critical AND due_at <= %(now)s
        ORDER BY due_at
        LIMIT (SELECT ceil(2.0 * %(limit)s / count(*)) FROM heads)
        FOR UPDATE SKIP LOCKED
    ) AS mine
), due AS MATERIALIZED (
    SELECT id FROM queued WHERE place <= COALESCE(most, %(limit)s)
    ORDER BY critical DESC, turn, due_at
    LIMIT %(limit)s
)
UPDATE outbox_scheduledmessage AS message
SET status = 'claimed', claim_token = %(token)s, lease_until = %(until)s
WHERE message.id = ANY (ARRAY(SELECT id FROM due)) -- a join might read the whole table
RETURNING message.id, message.clinic_id, message.safety_critical, message.due_at, message.claim_token,
    message.lease_until
"""
# SQLite has one writer at a time; the transaction is IMMEDIATE, so that it is this one from the start.
SQLITE = """
WITH limited AS (
    SELECT key AS clinic_id, value AS most FROM json_each(%(limits)s)
), queued AS (
    SELECT id, due_at, clinic_id, safety_critical,
        row_number() OVER (PARTITION BY clinic_id, safety_critical ORDER BY due_at) AS turn,
        row_number() OVER (PARTITION BY clinic_id ORDER BY safety_critical DESC, due_at) AS place
    FROM outbox_scheduledmessage
    WHERE status = 'scheduled' AND due_at <= %(now)s
        AND clinic_id NOT IN (SELECT value FROM json_each(%(shut)s))
)
UPDATE outbox_scheduledmessage
SET status = 'claimed', claim_token = %(token)s, lease_until = %(until)s
WHERE id IN (
    SELECT queued.id FROM queued
    LEFT JOIN limited ON CAST(limited.clinic_id AS integer) = queued.clinic_id
    WHERE place <= COALESCE(most, %(limit)s)
    ORDER BY safety_critical DESC, turn,
        CASE WHEN (SELECT count(DISTINCT clinic_id) FROM queued) > %(limit)s THEN random() END, due_at
    LIMIT %(limit)s
)
RETURNING id, clinic_id, safety_critical, due_at, claim_token, lease_until
"""

RETURNED = ("id", "clinic_id", "safety_critical", "due_at", "claim_token", "lease_until")

MOST_DRAINS = 4
"""A tick wakes no more: each drain goes on until nothing is due, and a further tick follows."""


@dataclass(frozen=True)
class Claim:
    """Leased messages, safety-critical ones first: of each what a batch needs to know before it reads them.

    ``wait``: nothing, or nothing more, may be claimed before, because the account or a clinic has a limit.
    """

    messages: list[ScheduledMessage]
    at: datetime
    wait: timedelta | None = None


@dataclass(frozen=True)
class Bounds:
    """Clinics by id: those whose messages stay where they are now, and how many others may have claimed."""

    shut: Collection[int] = ()
    most: Mapping[int, int] = field(default_factory=dict)


def claim(*, limit: int, lease: timedelta) -> list[ScheduledMessage]:
    """As :func:`claim_within`, with no service that rests, and with the messages as they are stored."""
    claimed = [message.pk for message in claim_within(limit=limit, lease=lease).messages]
    stored = ScheduledMessage.objects.in_bulk(claimed)
    return [stored[pk] for pk in claimed]


def claim_within(*, limit: int, lease: timedelta, channel: str = "", shut: Collection[int] = ()) -> Claim:
    """Claims up to ``limit`` due messages under one new token, until the database's now plus ``lease``.

    Safety-critical ones come first; among these, and then among the others, each clinic has its turn, with
    what has been due for longest. Two claimers never get the same message. Nothing is claimed of the
    clinics ``shut`` (by id), nor more than the account at the mail service ``channel`` and each clinic may
    send.
    """
    now, token = clock.database_now(), uuid.uuid4()
    with transaction.atomic():
        allowed = allowance(channel, now=now)
        limit = limit if allowed.account is None else min(limit, allowed.account)
        taken = _take(limit, token, Bounds(shut, allowed.clinics), now=now, until=now + lease)
        take(allowed, Counter(message.clinic_id for message in taken))
    waits = [wait for wait in (allowed.wait, allowed.clinic_wait) if wait is not None]
    taken.sort(key=lambda message: (not message.safety_critical, message.due_at))
    return Claim(taken, now, min(waits, default=None))


def wake_ups_worth(*, now: datetime, chunk: int) -> int:
    """How many drains of ``chunk`` messages have work now: none if nothing is due, at most MOST_DRAINS."""
    due = ScheduledMessage.objects.filter(status=Status.SCHEDULED, due_at__lte=now)
    enough = chunk * MOST_DRAINS
    # Counted by kind, and no further than needed, for the index's sake.
    waiting = sum(due.filter(safety_critical=critical)[:enough].count() for critical in (True, False))
    return min(ceil(waiting / chunk), MOST_DRAINS)


def _take(
    limit: int, token: uuid.UUID, bounds: Bounds, *, now: datetime, until: datetime
) -> list[ScheduledMessage]:
    if limit <= 0:
        return []
    values: dict[str, Any] = {"limit": limit, "token": token, "now": now, "until": until}
    if connection.vendor == "sqlite":  # raw, so that each column is read as its field has it
        return list(ScheduledMessage.objects.raw(SQLITE, values | _for_sqlite(values, bounds)))
    limited = {"limited": list(bounds.most), "most": list(bounds.most.values())}
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL, {**values, "shut": list(bounds.shut), **limited})
        return [instance(ScheduledMessage, RETURNED, row) for row in cursor.fetchall()]


def _for_sqlite(values: Mapping[str, Any], bounds: Bounds) -> dict[str, Any]:
    adapt = connection.ops.adapt_datetimefield_value
    return {
        "token": values["token"].hex,
        "now": adapt(values["now"]),
        "until": adapt(values["until"]),
        "shut": json.dumps(list(bounds.shut)),
        "limits": json.dumps(dict(bounds.most)),
    }
