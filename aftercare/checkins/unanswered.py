"""Check-ins that nobody has answered: silence never means that all is well, so a human is told."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from aftercare.checkins.pacing import forget_counts
from aftercare.checkins.reminder_texts import install_missing_reminders
from aftercare.checkins.reminding import promise_reminders, unanswered
from aftercare.clinics.duty import Duty
from aftercare.clinics.hours import duty_of
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.followups.opening import open_task, withdraw_task
from aftercare.outbox.concluding import TASK_TIME
from aftercare.outbox.locking import lock_patients
from aftercare.outbox.models import ScheduledMessage

TOLD_AFTER = timedelta(hours=24)
LOOK_BACK = timedelta(days=7)
"""However long the engine stood still: what is older is past helping."""
BATCH = 200


def tell_of_unanswered(*, now: datetime) -> int:
    """Opens a task for each check-in left unanswered for a day, some at a time. Returns how many were opened.

    Not where the patient has answered a later one, or a concern is open already. Again it changes nothing.
    """
    duties: dict[int, Duty] = {}
    opened = 0
    for message in _untold(_unanswered(now)):
        if message.clinic_id not in duties:
            duties[message.clinic_id] = duty_of(message.clinic)
        opened += _tell(message, duties[message.clinic_id], now)
        if opened >= BATCH:
            break
    return opened


def look_after(now: datetime) -> None:
    """What the engine does now and then for check-ins."""
    install_missing_reminders()
    promise_reminders(now=now)
    tell_of_unanswered(now=now)
    forget_counts(now=now)


def withdraw_unanswered(message_id: uuid.UUID, *, now: datetime) -> None:
    """Takes the task back that nobody has taken on: the patient has answered."""
    withdraw_task(_source(message_id), outcome=_("The patient answered."), now=now)


def _unanswered(now: datetime) -> QuerySet[ScheduledMessage]:
    sent = ScheduledMessage.objects.filter(
        send_at__gt=now - LOOK_BACK, send_at__lte=now - TOLD_AFTER, sent_at__lte=now - TOLD_AFTER
    )
    return unanswered(sent).order_by("send_at")


def _untold(messages: QuerySet[ScheduledMessage]) -> Iterable[ScheduledMessage]:
    related = messages.select_related("clinic", "patient", "step")
    waiting = {_source(message.pk): message for message in related}
    tasks = FollowUpTask.objects.filter(source__in=waiting)
    told = tasks.exclude(closed_at__isnull=False, closed_by=None).values_list("source", flat=True)
    known = set(told)
    return [message for source, message in waiting.items() if source not in known]


def _tell(message: ScheduledMessage, duty: Duty, now: datetime) -> int:
    with transaction.atomic():
        lock_patients([message.patient_id])
        if not _unanswered(now).filter(pk=message.pk).exists():  # answered meanwhile
            return 0
        open_task(
            clinic=message.clinic,
            patient=message.patient,
            cause=Cause.UNANSWERED,
            source=_source(message.pk),
            detail=message.step.name,
            now=now,
            deadline_at=(duty.next_opening(now) or now) + TASK_TIME,
        )
    return 1


def _source(message_id: uuid.UUID) -> str:
    return f"message:{message_id}:{Cause.UNANSWERED}"
