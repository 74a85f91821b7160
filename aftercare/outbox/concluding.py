"""The end of a message that did not leave, or that nobody can know about, and the human who must be told."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from aftercare.followups.models import Cause
from aftercare.followups.opening import open_task
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.transitions import move
from aftercare.protocols.models import LateAction

TASK_TIME = timedelta(hours=4)
"""How long staff have to reach a patient whom a safety message did not."""

_CAUSES = {
    Status.MISSED: Cause.MISSED,
    Status.FAILED: Cause.FAILED,
    Status.UNCONFIRMED: Cause.UNCONFIRMED,
    Status.SUPPRESSED: Cause.SUPPRESSED,
}


def conclude(
    message: ScheduledMessage,
    *,
    to: Status,
    frm: Status | tuple[Status, ...],
    now: datetime,
    token: Any = None,
    why: str = "",
    detail: str = "",
) -> bool:
    """Moves the message and, in the same transaction, opens the task that its step asks for.

    A missed message opens one if its late action says so; one that failed, may not be sent or is unconfirmed,
    if it is safety-critical. Returns whether the message moved.
    """
    with transaction.atomic():
        moved = move(message.pk, to=to, frm=frm, now=now, token=token, why=why, detail=detail)
        if moved and needs_a_human(message, to):
            _open_task(message, to, now)
    return moved


def needs_a_human(message: ScheduledMessage, to: Status) -> bool:
    if to == Status.MISSED:
        return message.step.late_action == LateAction.SKIP_AND_TASK
    return to in _CAUSES and message.safety_critical


def _open_task(message: ScheduledMessage, to: Status, now: datetime) -> None:
    times = message.status_changes.filter(to_status=to).count()
    again = f":{times}" if times > 1 else ""
    open_task(
        clinic=message.clinic,
        patient=message.patient,
        cause=_CAUSES[to],
        source=f"message:{message.pk}:{to}{again}",
        detail=message.step.name,
        now=now,
        deadline_at=now + TASK_TIME,
    )
