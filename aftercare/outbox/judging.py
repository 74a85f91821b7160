"""Judging what mail services report: whose message it is, what it means for it, and who must be told.

Reports may come in any order, twice, or before the answer to the call they speak of; judging them again
changes nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet

from aftercare.outbox.consequences import consequences, consequences_for_address
from aftercare.outbox.delivery import delivery_of
from aftercare.outbox.looking import AGAIN_AFTER
from aftercare.outbox.matching import Match, match
from aftercare.outbox.models import AttemptOutcome, DeliveryEvent, ScheduledMessage, Status
from aftercare.outbox.notice_settling import judge_notice
from aftercare.outbox.proving import prove
from aftercare.outbox.suppressing import suppress_often_bounced
from aftercare.outbox.tallying import WEBHOOK_LAG, Tallies

BATCH = 50
"""Some ten milliseconds each: short enough that a drain that waits behind a judge is not late."""
YOUNG = timedelta(hours=1)
"""So long a report that belongs to no message is looked at again: the answer with the service's id for the
message may be committed after the report came."""
AGAIN_BATCH = 50

NOT_TAKEN = ("rejected", "failed")

V = DeliveryEvent.Verdict
NEW = Q(verdict="")
MINDED = (V.APPLIED, V.FORMER)

log = structlog.get_logger(__name__)


def judge_waiting(*, now: datetime, limit: int = BATCH) -> int:
    """Judges up to ``limit`` new reports, the oldest first, then some young ones that belonged to no message.

    Returns how many it judged. Two at once do no harm: a report that another has in hand is passed over.
    """
    again = Q(verdict=V.UNMATCHED, judged_at__lte=now - AGAIN_AFTER)
    young = again & Q(judged_at__gte=now - YOUNG, received_at__gte=now - YOUNG)
    new = _ids(DeliveryEvent.objects.filter(NEW).order_by("pk")[:limit])
    unmatched = _ids(DeliveryEvent.objects.filter(young).order_by("judged_at")[:AGAIN_BATCH])
    judged = [_judge_alone(pk, NEW, now) for pk in new] + [_judge_alone(pk, again, now) for pk in unmatched]
    _tell_lag(new, now)
    return sum(judged)


def _tell_lag(ids: Sequence[int], now: datetime) -> None:
    """Tells the monitors how long those of them that were judged now had waited."""
    tallies = Tallies()
    rows = DeliveryEvent.objects.filter(pk__in=ids, judged_at=now) if ids else DeliveryEvent.objects.none()
    for received_at in rows.values_list("received_at", flat=True):
        tallies.observe(WEBHOOK_LAG, (now - received_at).total_seconds())
    tallies.flush()


def replay(events: QuerySet[DeliveryEvent], *, now: datetime) -> int:
    """Judges reports again, whatever their verdict; returns how many.

    What was applied before is worth its delivery and its proof again, but suppresses nobody and tells nobody
    a second time: an address that staff have released since stays released.
    """
    return sum(_judge_alone(pk, Q(), now) for pk in _ids(events.order_by("pk")))


def _ids(events: QuerySet[DeliveryEvent]) -> list[Any]:
    return list(events.values_list("pk", flat=True))


def _judge_alone(pk: Any, still: Q, now: datetime) -> bool:
    """Judges one report in a transaction of its own, if ``still`` holds and nobody else has it in hand.

    One that cannot be judged is put aside and said to be, so that it never blocks the others; a database
    that is away is nobody's fault, and raises.
    """
    try:
        with transaction.atomic():
            rows = DeliveryEvent.objects.select_for_update(of=("self",), skip_locked=True)
            event = rows.filter(still, pk=pk).first()
            known = event is not None and event.verdict in MINDED
            if event is None or not _judge(event, now):
                return False
        if event.message is not None and event.event_type == "bounced" and not known:
            suppress_often_bounced(clinic=event.message.clinic, email=event.recipient, now=now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - a defect of ours must cost one report and be seen
        log.error("event_quarantined", delivery_event=pk, error=type(error).__name__)
        DeliveryEvent.objects.filter(still, pk=pk).update(verdict=V.QUARANTINED, judged_at=now)
    return True


def _judge(event: DeliveryEvent, now: datetime) -> bool:
    """Gives the report its verdict and does what follows. False if it must wait.

    It waits while its message is being sent: then the worker decides what becomes of the message.
    """
    found = match(event)
    if isinstance(found, Match):
        if found.attempt.outcome == AttemptOutcome.CAME_BACK:
            return _apply_to_address(event, found, now)
        if found.message.status == Status.SENDING:
            _note_delivery(found.message, [event])
            return False
        return _apply(event, found, now)
    if found == V.UNMATCHED and judge_notice(event, now=now):
        found = V.NOTICE
    _give_verdict(event, found, None, now)
    return True


def _apply(event: DeliveryEvent, found: Match, now: datetime) -> bool:
    first = event.verdict not in MINDED
    _give_verdict(event, V.APPLIED, found.message, now)
    if _proves(event, found.message):
        prove(found.message, found.attempt, provider_message_id=event.provider_message_id, now=now)
    _note_delivery(found.message)
    if first:
        consequences(event, found.message, now=now)
    return True


def _apply_to_address(event: DeliveryEvent, found: Match, now: datetime) -> bool:
    """Of a try that came back, after which the message was promised anew for another address.

    It says nothing of the new promise, so that it neither proves nor delays it.
    """
    first = event.verdict not in MINDED
    _give_verdict(event, V.FORMER, found.message, now)
    if first:
        consequences_for_address(event, found.message, now=now)
    return True


def _give_verdict(
    event: DeliveryEvent, verdict: DeliveryEvent.Verdict, message: ScheduledMessage | None, now: datetime
) -> None:
    event.message, event.verdict, event.judged_at = message, verdict, now
    event.save(update_fields=["message", "verdict", "judged_at"])


def _proves(event: DeliveryEvent, message: ScheduledMessage) -> bool:
    """That the service had it and would not send it proves something only when there was a doubt."""
    doubted = message.in_doubt or message.status in (Status.UNKNOWN, Status.UNCONFIRMED)
    return doubted or event.event_type not in NOT_TAKEN


def _note_delivery(message: ScheduledMessage, more: Iterable[DeliveryEvent] = ()) -> None:
    """Reckons the message's delivery anew from all reports that were applied to it."""
    known = delivery_of([*message.delivery_events.filter(verdict=V.APPLIED), *more])
    if known and known != (message.delivery, message.delivery_at):
        message.delivery, message.delivery_at = known
        message.save(update_fields=["delivery", "delivery_at"])
