"""Letting messages to a lot go behind all others: at most a chunk at a time, a tenth while others are due.

So a lot of thousands delays a care message of no clinic by more than one chunk, and of what the mail service
takes a day it leaves half. It never stands still either: somewhere others are due for hours, where a clinic
has spent its day's mail or the account is slow.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from aftercare.clinics.models import User
from aftercare.lots.models import LotMail
from aftercare.outbox.limiting import half_the_day_is_used
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.rechecking import held_for
from aftercare.outbox.transitions import move, move_all
from aftercare.outbox.waking import wake_on_commit
from aftercare.protocols.models import StepKind
from aftercare.timing import after_quiet_hours

EVERY_SECONDS = 5.0
WHILE_OTHERS_ARE_DUE = 10
"""The part of a chunk that may then be on its way."""
OPEN = (Status.SCHEDULED, Status.CLAIMED, Status.SENDING, Status.HELD)
LATER = timedelta(minutes=15)
"""When one that something else holds is looked at again."""


def release_in_line(now: datetime) -> int:
    """Lets the next few go, of each lot in turn. Returns how many. Two at once release no more than one."""
    unfinished = LotMail.objects.filter(finished=False)
    if not unfinished.exists():
        return 0
    with transaction.atomic():
        mails = list(unfinished.select_for_update(of=("self",)).order_by("pk"))
        for mail in mails:
            if mail.paused_at is not None:
                back_in_line(mail, now=now)  # one that is to be tried again meanwhile
        most = settings.CLAIM_CHUNK
        if _others_are_due(now):
            most = max(1, most // WHILE_OTHERS_ARE_DUE)
        released = sum(_release(mail, now, most) for mail in mails if mail.paused_at is None)
        if released:
            wake_on_commit()
    return released


def back_in_line(mail: LotMail, *, now: datetime, by: User | None = None) -> int:
    """Puts what is about to leave back in line, and what leaves once another pause ends. Returns how many."""
    leaving = Q(status__in=(Status.SCHEDULED, Status.CLAIMED)) | Q(Q(status=Status.HELD), ~Q(why=Why.IN_LINE))
    return move_all(
        mail.messages.filter(leaving, in_doubt=False), to=Status.HELD, now=now, why=Why.IN_LINE, actor=by
    )


def _release(mail: LotMail, now: datetime, most: int) -> int:
    waiting = mail.messages.filter(status=Status.HELD, why=Why.IN_LINE)
    if not waiting.exists():
        is_open = mail.messages.filter(status__in=OPEN).exists()
        LotMail.objects.filter(pk=mail.pk).update(finished=not is_open)
        return 0
    room = most - _on_their_way()
    if room <= 0 or half_the_day_is_used(mail.clinic_id, now=now):
        return 0
    rows = waiting.filter(send_at__lte=now, latest_at__gte=now).order_by("send_at", "pk")
    related = ("step", "clinic", "patient__clinic", "session__protocol")
    return sum(_let_go(row, now) for row in rows.select_related(*related)[:room])


def _let_go(row: ScheduledMessage, now: datetime) -> bool:
    """False for one that something holds, or whose patient has quiet hours by now: it stays in line."""
    at = after_quiet_hours(now, row.latest_at, row.patient.zone, row.clinic.quiet_hours())
    if at > now or held_for(row):
        later = at if at > now else now + LATER
        ScheduledMessage.objects.filter(pk=row.pk, status=Status.HELD).update(send_at=later, due_at=later)
        return False
    return move(row.pk, to=Status.SCHEDULED, frm=Status.HELD, now=now, due_at=max(now, row.send_at))


def _others_are_due(now: datetime) -> bool:
    """Of each kind by itself, for the index's sake."""
    due = ScheduledMessage.objects.filter(status=Status.SCHEDULED, due_at__lte=now)
    return any(_others(due.filter(safety_critical=critical)).exists() for critical in (True, False))


def _others(rows: QuerySet[ScheduledMessage]) -> QuerySet[ScheduledMessage]:
    return rows.exclude(step__kind=StepKind.LOT)


def _on_their_way() -> int:
    """How many messages to lots are scheduled, or in a sender's hands."""
    kinds = (Status.SCHEDULED, Status.CLAIMED, Status.SENDING)
    return ScheduledMessage.objects.filter(step__lot_mails__finished=False, status__in=kinds).count()
