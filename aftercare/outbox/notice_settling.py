"""What became of a notice: of a call, of a worker that died, of what the mail service reports later.

Every change is a compare-and-set, so that whoever comes late changes nothing; and one that did not get
through sends its tasks on to the next person.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from aftercare.outbox.deciding import Refused, Sent, Unknown, pause
from aftercare.outbox.doubting import FIRST_REPEAT, KEY_MARGIN
from aftercare.outbox.models import DeliveryEvent, NoticeStatus, StaffNotice
from aftercare.outbox.notifying import hasten
from aftercare.outbox.providers import key_lifetime
from aftercare.outbox.settling import Result

BATCH = 50
S = NoticeStatus
CAME_BACK = ("bounced", "rejected", "failed")


def settle_notice(notice: StaffNotice, result: Result, *, now: datetime) -> bool:
    """Writes what the open try came to. False if somebody else has settled it."""
    outcome = result.outcome
    said: dict[str, Any] = {"error": result.error[:120], "error_detail": result.detail}
    if isinstance(outcome, Sent):
        given = {"sent_at": now, "provider_message_id": outcome.provider_message_id, "in_doubt": False}
        return _move(notice, S.SENT, now, **given, **said)
    if isinstance(outcome, Unknown):
        return _doubt(notice, outcome.replayable, now, said)
    if isinstance(outcome, Refused):
        return _move(notice, S.UNKNOWN if notice.in_doubt else S.FAILED, now, **said)
    asked = getattr(outcome, "retry_after", None)
    due_at = max(now + pause(notice.tries, asked=asked), result.rest_until or now)
    if due_at > notice.latest_at:
        return _move(notice, S.UNKNOWN if notice.in_doubt else S.FAILED, now, **said)
    return _move(notice, S.SCHEDULED, now, due_at=due_at, **said)


def settle_lost_notices(*, now: datetime) -> int:
    """Notices whose worker died while it sent them: the very same again where keys protect, else unknown."""
    lost = StaffNotice.objects.filter(status=S.SENDING, lease_until__lt=now).order_by("lease_until")
    said = {"error": "worker_lost", "error_detail": ""}
    return sum(_doubt(notice, True, now, said) for notice in list(lost[:BATCH]))


def give_up(notice: StaffNotice, to: NoticeStatus, error: str, *, now: datetime) -> None:
    """Ends a scheduled notice that its caller has locked."""
    StaffNotice.objects.filter(pk=notice.pk).update(status=to, error=error)
    if to != S.CANCELLED:
        hasten(notice, now=now)


def key_ends_at(notice: StaffNotice) -> datetime:
    """Until when the service surely recognises this notice's key; the past if it knows no keys."""
    first = notice.first_tried_at or notice.created_at
    return first + (key_lifetime(notice.provider) or timedelta()) - KEY_MARGIN


def judge_notice(event: DeliveryEvent, *, now: datetime) -> bool:
    """Takes a report that may speak of a notice; returns whether it does."""
    try:
        notice = StaffNotice.objects.filter(pk=uuid.UUID(event.message_key)).first()
    except ValueError:
        return False
    if notice is None:
        return False
    if event.event_type in CAME_BACK:
        sent = StaffNotice.objects.filter(pk=notice.pk, status__in=(S.SENT, S.UNKNOWN))
        if sent.update(status=S.FAILED, error=event.event_type, error_detail=event.detail):
            hasten(notice, now=now)
    elif event.event_type == "delivered":
        doubted = StaffNotice.objects.filter(pk=notice.pk, status=S.UNKNOWN)
        doubted.update(status=S.SENT, sent_at=event.happened_at or event.received_at, in_doubt=False)
    return True


def _doubt(notice: StaffNotice, replayable: bool, now: datetime, said: dict[str, Any]) -> bool:
    again_at = now + FIRST_REPEAT * 2 ** min(notice.tries - 1, 6)
    if replayable and again_at < min(key_ends_at(notice), notice.latest_at):
        return _move(notice, S.SCHEDULED, now, due_at=again_at, in_doubt=True, **said)
    return _move(notice, S.UNKNOWN, now, **said)


def _move(notice: StaffNotice, to: NoticeStatus, now: datetime, **fields: Any) -> bool:
    """Ends the open try of this claim, and no other."""
    with transaction.atomic():
        mine = StaffNotice.objects.filter(pk=notice.pk, status=S.SENDING, claim_token=notice.claim_token)
        moved = bool(mine.update(status=to, claim_token=None, lease_until=None, **fields))
        if moved and to in (S.FAILED, S.UNKNOWN):
            hasten(notice, now=now)
        return moved
