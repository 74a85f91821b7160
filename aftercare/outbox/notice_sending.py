"""Handing notices to the mail service with the care that patients' messages get: one call in doubt at most.

scheduled → ``sending`` committed with its lease → the call, outside any transaction → settled. No pause holds
notices back, as what staff are told of goes on during one; limits and rests of the mail service do. What a
patient's answer sets off waits for no limit of a day.
"""

import uuid
from dataclasses import replace
from datetime import datetime

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from aftercare.followups.models import Cause, FollowUpTask
from aftercare.outbox import clock, stopping
from aftercare.outbox.calling import call, connect, is_trouble, lasts, lease_time
from aftercare.outbox.channel import Channel
from aftercare.outbox.deciding import NotSent, Sent, Unknown
from aftercare.outbox.limiting import Allowance, allowance, at_pace, take
from aftercare.outbox.models import NoticeStatus, StaffNotice
from aftercare.outbox.notice_mail import mail_of, still_needed
from aftercare.outbox.notice_settling import give_up, key_ends_at, settle_notice
from aftercare.outbox.resting import Rests, got_through, rest, rests_of
from aftercare.outbox.settling import Result, persistently
from aftercare.outbox.wire import Mail

MOST = 50
"""Notices that one round sends before patients' messages have their turn again."""

log = structlog.get_logger(__name__)
Ready = tuple[StaffNotice, Mail]


def notices_due(*, now: datetime) -> bool:
    """Whether there is one to send: one look into an index of those that wait."""
    return _due(now).exists()


def send_notices(channel: Channel, *, deadline: datetime) -> int:
    """Sends up to MOST of the notices that are due, the oldest first; returns how many were handed over.

    It ends early when the service is in trouble, time is up or the process must stop.
    """
    for count in range(MOST):
        now = clock.database_now()
        if stopping.asked() or now >= deadline or not notices_due(now=now):
            return count
        rests = rests_of(channel.name, now=now)
        if rests.until or not connect(channel):
            return count
        ready = _next(channel, rests, clock.database_now())
        if ready is None or not _send(channel, ready, rests):
            return count
    return MOST


def _due(now: datetime) -> QuerySet[StaffNotice]:
    return StaffNotice.objects.filter(status=NoticeStatus.SCHEDULED, due_at__lte=now).order_by("due_at")


def _next(channel: Channel, rests: Rests, now: datetime) -> Ready | None:
    """The next notice that may go, its try committed; None when there is none, or a limit holds it."""
    while True:
        with transaction.atomic():
            allowed = allowance(channel.name, now=now)
            rows = _due(now).exclude(clinic__in=rests.shut_clinics())
            notice = _lock_one(rows, allowed)
            if notice is None and (allowed.held_account or allowed.held_clinics):
                allowed = at_pace(allowed)
                notice = _lock_one(rows.filter(_of_a_concern()), allowed)
            if notice is None:
                return None
            mail = _prepared(notice, channel, now)
            if mail is not None:
                take(allowed, {notice.clinic_id: 1})
                return notice, mail


def _lock_one(rows: QuerySet[StaffNotice], allowed: Allowance) -> StaffNotice | None:
    if allowed.account == 0:
        return None
    open_now = rows.exclude(clinic__in=[pk for pk, count in allowed.clinics.items() if count == 0])
    return open_now.select_for_update(of=("self",), skip_locked=True).select_related("clinic").first()


def _of_a_concern() -> Exists:
    """Whether a patient may be waiting for it who was promised a call, or told to go to hospital."""
    return Exists(FollowUpTask.objects.filter(notices=OuterRef("pk"), cause=Cause.CONCERN))


def _prepared(notice: StaffNotice, channel: Channel, now: datetime) -> Mail | None:
    """Opens the try and returns its mail; None, with the notice's end written, if it may not or cannot go."""
    no = _verdict(notice, channel.name, now)
    if no is None:
        try:
            mail = mail_of(notice)
            channel.prepare(mail, notice)
            _open(notice, channel.name, now)
            return mail
        except DatabaseError:
            raise
        except Exception as error:
            # A defect of ours must cost one notice and be seen, not stop the others.
            log.exception("notice_not_composed", notice=str(notice.pk))
            no = NoticeStatus.FAILED, type(error).__name__
    give_up(notice, *no, now=now)
    return None


def _verdict(notice: StaffNotice, provider: str, now: datetime) -> tuple[NoticeStatus, str] | None:
    """None if it may go; else how it ends. One in doubt may only go as the very same call under its key."""
    if notice.in_doubt:
        same = notice.provider == provider and now < key_ends_at(notice)
        return None if same else (NoticeStatus.UNKNOWN, notice.error)
    if not still_needed(notice):
        return NoticeStatus.CANCELLED, ""
    return (NoticeStatus.FAILED, "WindowPassed") if now > notice.latest_at else None


def _open(notice: StaffNotice, provider: str, now: datetime) -> None:
    notice.status, notice.provider = NoticeStatus.SENDING, provider
    notice.claim_token, notice.lease_until = uuid.uuid4(), now + lease_time()
    notice.first_tried_at, notice.tries = notice.first_tried_at or now, notice.tries + 1
    notice.save()


def _send(channel: Channel, ready: Ready, rests: Rests) -> bool:
    """Makes the call and settles it; False if the service should be left alone now."""
    notice, mail = ready
    if lasts(notice.lease_until, clock.database_now()):
        began = notice.first_tried_at or clock.database_now()
        result = call(channel, mail, now=began, notice=str(notice.pk))
    else:
        result = Result(NotSent(), error="CommitTookTooLong")
    outcome, sender, now = result.outcome, notice.clinic.sender_email, clock.database_now()
    if isinstance(outcome, Sent) and rests.any:
        got_through(channel.name, sender=sender)
    elif is_trouble(outcome):
        until = rest(channel.name, outcome, sender=sender, said=result.detail, now=now)
        result = replace(result, rest_until=until)
    persistently(lambda: settle_notice(notice, result, now=clock.database_now()))
    return result.rest_until is None and not isinstance(outcome, Unknown)
