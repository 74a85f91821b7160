"""Picking up what was left lying: leases of lost workers, and promises whose window has passed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from aftercare.outbox import clock
from aftercare.outbox.concluding import conclude
from aftercare.outbox.deciding import Unknown, pause
from aftercare.outbox.models import Attempt, AttemptOutcome, ScheduledMessage, Status, Why
from aftercare.outbox.settling import Result, close_attempt, settle_unknown
from aftercare.outbox.tallying import ATTEMPTS, Tallies
from aftercare.outbox.transitions import move_all

log = structlog.get_logger(__name__)

BATCH = 200
MOST_LOST = 6
"""So often may a message be in the hands of a worker that ends before it is sent or given back."""
REOPENED = Q(status=Status.HELD, why=Why.SESSION_REOPENED)


def reap() -> int:
    """Frees or settles what nobody works on any more, up to BATCH of each kind; returns how many moved.

    Two at once do no harm: each row moves once.
    """
    now = clock.database_now()
    return free_claimed(now) + settle_lost(now) + miss_late(now)


def free_claimed(now: datetime) -> int:
    """Claimed, lease over: nothing had left, so it is promised again, at once after the first loss.

    After each further one later and later, so that one whose writing ends every worker keeps the others of
    its claims waiting no longer; after MOST_LOST it fails, and is shown.
    """
    lost = ScheduledMessage.objects.filter(status=Status.CLAIMED, lease_until__lt=now)
    spent = lost.filter(lost_claims__gte=MOST_LOST - 1).select_related("step", "clinic", "patient")
    given_up = sum(_alone(_give_up, row, now) for row in spent[:BATCH])
    return given_up + _promise_again(lost.filter(lost_claims__lt=MOST_LOST - 1), now)


def _promise_again(rows: QuerySet[ScheduledMessage], now: datetime) -> int:
    with transaction.atomic():
        found = dict(_free(rows.order_by("lease_until")).values_list("pk", "lost_claims")[:BATCH])
        freed = move_all(rows.filter(pk__in=found), to=Status.SCHEDULED, now=now) if found else 0
        mine = ScheduledMessage.objects.filter(pk__in=found)
        mine.update(lost_claims=F("lost_claims") + 1)
        for pk, before in found.items():
            if before:
                mine.filter(pk=pk).update(due_at=Greatest(F("due_at"), now + pause(before)))
        return freed


def settle_lost(now: datetime) -> int:
    """Sending, lease over: the worker may have died before or after the service took the message."""
    open_tries = Attempt.objects.filter(
        outcome=AttemptOutcome.OPEN, message__status=Status.SENDING, message__lease_until__lt=now
    ).select_related("message__step", "message__clinic", "message__patient", "compiled")
    oldest = open_tries.order_by("message__lease_until")[:BATCH]
    lost = sum(_alone(_settle_lost, attempt, now) for attempt in oldest)
    if lost:
        tallies = Tallies()
        tallies.count(ATTEMPTS, AttemptOutcome.UNKNOWN.value, lost)
        tallies.flush()
    return lost


def miss_late(now: datetime) -> int:
    """Scheduled or held past its window: missed, or cancelled if it waited for a reopened session.

    Of one that may have left at an earlier try that cannot be said: staff are asked.
    """
    late = ScheduledMessage.objects.filter(
        status__in=(Status.SCHEDULED, Status.HELD), latest_at__lt=now
    ).order_by("latest_at")
    doubted, late = late.filter(in_doubt=True), late.filter(in_doubt=False)
    return (
        _conclude_all(doubted, now, to=Status.UNCONFIRMED, why=Why.WINDOW_PASSED)
        + _conclude_all(late.filter(REOPENED), now, to=Status.CANCELLED, why=Why.SESSION_REOPENED)
        + _conclude_all(late.exclude(REOPENED), now, to=Status.MISSED, why=Why.WINDOW_PASSED)
    )


def _settle_lost(attempt: Attempt, now: datetime) -> bool:
    with transaction.atomic():
        if not _free(ScheduledMessage.objects.filter(pk=attempt.message_id)):
            return False
        lost = Result(Unknown(), error=Why.WORKER_LOST)
        return close_attempt(attempt, lost, now=now) and settle_unknown(attempt, why=Why.WORKER_LOST, now=now)


def _conclude_all(rows: QuerySet[ScheduledMessage], now: datetime, *, to: Status, why: Why) -> int:
    rows = rows.select_related("step", "clinic", "patient")[:BATCH]
    return sum(_alone(_conclude, row, now, to=to, why=why) for row in rows)


def _alone(step: Callable[..., bool], *given: Any, **named: Any) -> bool:
    """A defect that one message brings out is told, and keeps no other waiting; a lost database is raised."""
    try:
        return step(*given, **named)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("message_not_reaped", row=str(given[0].pk))
        return False


def _give_up(row: ScheduledMessage, now: datetime) -> bool:
    to = Status.UNCONFIRMED if row.in_doubt else Status.FAILED
    with transaction.atomic():
        free = _free(ScheduledMessage.objects.filter(pk=row.pk, lease_until__lt=now))
        return bool(free) and conclude(row, to=to, frm=Status.CLAIMED, now=now, why=Why.WORKER_LOST)


def _conclude(row: ScheduledMessage, now: datetime, *, to: Status, why: Why) -> bool:
    with transaction.atomic():
        free = _free(ScheduledMessage.objects.filter(pk=row.pk, latest_at__lt=now))
        return bool(free) and conclude(row, to=to, frm=Status(row.status), now=now, why=why)


def _free(rows: QuerySet[ScheduledMessage]) -> QuerySet[ScheduledMessage, Any]:
    """Locks the ids of the rows that nobody holds: one held by a frozen process keeps no other waiting."""
    return rows.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)
