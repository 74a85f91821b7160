"""Which of a file's sessions open a task, as their safety messages were missed not long ago."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

from aftercare.followups.models import Cause
from aftercare.followups.opening import open_task
from aftercare.outbox.concluding import TASK_TIME
from aftercare.outbox.forecasting import PlannedMessage
from aftercare.outbox.lateness import asks_for_a_call, tell_of_late
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.protocols.models import LateAction
from aftercare.treatments.models import TreatmentSession

NEAR = timedelta(days=7)
"""A safety message whose window ended longer ago helps nobody any more."""
MOST_TASKS = 50
"""Of so many sessions of a chunk each has a task of its own; one task lists the others."""


class Told(NamedTuple):
    """Sessions with missed safety messages: those staff are told of, and those whose messages are too old."""

    near: int = 0
    past: int = 0


NOBODY = Told()


def is_near(latest_at: datetime, *, now: datetime) -> bool:
    """Whether a human can still make good what a message missed that might have left until then."""
    return latest_at >= now - NEAR


def missed_near(plan: Sequence[PlannedMessage], *, now: datetime) -> bool | None:
    """Of a session that is not stored yet: whether staff will be told; None if there is nothing to tell."""
    missed = [one for one in plan if one.why == Why.ENTERED_LATE and asks_for_a_call(one.step)]
    return any(is_near(one.latest_at, now=now) for one in missed) if missed else None


def tell_of_missed(sessions: Sequence[TreatmentSession], *, now: datetime) -> Told:
    """Opens the tasks for the sessions of a chunk, in its transaction."""
    by_session = _missed(sessions)
    near = {pk: rows for pk, rows in by_session.items() if is_near(max(r.latest_at for r in rows), now=now)}
    newest = sorted((one for one in sessions if one.pk in near), key=lambda one: one.ended_at, reverse=True)
    for session in newest[:MOST_TASKS]:
        tell_of_late(session, near[session.pk], now=now)
    if newest[MOST_TASKS:]:
        _tell_of_the_others(newest[MOST_TASKS:], now)
    return Told(len(near), len(by_session) - len(near))


def _missed(sessions: Sequence[TreatmentSession]) -> dict[int, list[ScheduledMessage]]:
    by_session: dict[int, list[ScheduledMessage]] = defaultdict(list)
    missed = ScheduledMessage.objects.filter(
        session__in=[session.pk for session in sessions],
        status=Status.MISSED,
        why=Why.ENTERED_LATE,
        safety_critical=True,
        step__late_action=LateAction.SKIP_AND_TASK,
    )
    for row in missed.select_related("step").order_by("send_at"):
        by_session[row.session_id].append(row)
    return by_session


def _tell_of_the_others(sessions: Sequence[TreatmentSession], now: datetime) -> None:
    first, zone = sessions[0], sessions[0].clinic.time_zone
    names = "\n".join(f"{one.patient} · {one.ended_at.astimezone(zone):%Y-%m-%d}" for one in sessions)
    open_task(
        clinic=first.clinic,
        patient=first.patient,
        cause=Cause.LATE_ENTRY,
        source=f"import:{first.pk}:late_entry",
        detail=_("These patients of an import missed a safety message too:") + f"\n{names}",
        now=now,
        deadline_at=now + TASK_TIME,
    )
