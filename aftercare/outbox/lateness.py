"""One task a session that was entered after its safety messages could be of use."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import CharField
from django.utils.translation import gettext as _

from aftercare.clinics.kept import Blanks, Kept
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.followups.opening import open_task, withdraw_task, withdraw_tasks
from aftercare.outbox.concluding import TASK_TIME
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.protocols.models import LateAction, ProtocolStep
from aftercare.treatments.models import TreatmentSession

OPEN = Kept(
    lambda: FollowUpTask.objects.of_every_clinic().filter(
        source__in=Blanks("sources", CharField()), closed_at__isnull=True
    )
)


def tell_of_late(session: TreatmentSession, rows: Sequence[ScheduledMessage], *, now: datetime) -> None:
    """Opens the session's task if one of these rows is a safety message that asks for it."""
    names = [row.step.name for row in rows if asks_for_a_call(row.step)]
    if names:
        open_task(
            clinic=session.clinic,
            patient=session.patient,
            cause=Cause.LATE_ENTRY,
            source=_source(session),
            detail=", ".join(names),
            now=now,
            deadline_at=now + TASK_TIME,
        )


def take_back(sessions: Sequence[TreatmentSession], *, now: datetime) -> None:
    """Withdraws the tasks of those sessions that have no such message any more."""
    sources = {_source(session): session for session in sessions}
    for task in OPEN.all(sources=sources) if sources else ():
        if not _late(sources[task.source]):
            outcome = _("The session was corrected: no safety message came too late.")
            withdraw_task(task.source, outcome=outcome, now=now)


def take_all_back(session: TreatmentSession, *, outcome: str, now: datetime) -> None:
    """Withdraws every task that this session or one of its messages has opened."""
    withdraw_task(_source(session), outcome=outcome, now=now)
    for message_id in session.scheduled_messages.values_list("pk", flat=True):
        withdraw_tasks(f"message:{message_id}:", outcome=outcome, now=now)


def asks_for_a_call(step: ProtocolStep) -> bool:
    return step.safety_critical and step.late_action == LateAction.SKIP_AND_TASK


def _late(session: TreatmentSession) -> bool:
    late = session.scheduled_messages.filter(
        status=Status.MISSED,
        why=Why.ENTERED_LATE,
        safety_critical=True,
        step__late_action=LateAction.SKIP_AND_TASK,
    )
    return late.exists()


def _source(session: TreatmentSession) -> str:
    return f"session:{session.pk}:late_entry"
