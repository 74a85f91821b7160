"""What a new plan does to a message that is there already. Pure: decides, writes nothing."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from aftercare.outbox.forecasting import PlannedMessage
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.reasons import BY_STAFF

UNSENT = frozenset({Status.SCHEDULED, Status.CLAIMED, Status.HELD})
"""Promised, and nothing has left."""

_UNDECIDED = frozenset(
    {
        (Status.MISSED, Why.ENTERED_LATE),
        (Status.CANCELLED, Why.SESSION_REOPENED),
        (Status.CANCELLED, Why.STEP_DISABLED),
        (Status.CANCELLED, Why.STEP_SKIPPED),
    }
)
"""Ends that only the plan brought about: a corrected session or protocol may promise these again."""


class Effect(StrEnum):
    """What becomes of a message, for staff."""

    STARTS = "starts"
    MOVES = "moves"
    STOPS = "stops"
    STAYS = "stays"
    FINAL = "final"


@dataclass(frozen=True)
class Revision:
    """A change of status or times. ``window_passed``: a standing promise was missed, not entered late.

    ``detail``: for staff, beside ``why``.
    """

    to: Status
    why: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    window_passed: bool = False
    detail: str = ""


def may_change(row: ScheduledMessage) -> bool:
    """Whether a plan may still move the message: nothing has left, and no person and no window ended it."""
    return row.status in UNSENT or row.status == Status.SUPERSEDED or (row.status, row.why) in _UNDECIDED


def revise(row: ScheduledMessage, planned: PlannedMessage | None, *, now: datetime) -> Revision | None:
    """What to write for the row under the new plan (None: its step is no longer in it); None for nothing."""
    if not may_change(row):
        return None
    if planned is None:
        return Revision(Status.CANCELLED, Why.STEP_DISABLED) if row.status in UNSENT else None
    if planned.status == Status.CANCELLED:
        return None if row.status == Status.CANCELLED else Revision(Status.CANCELLED, planned.why)
    if planned.superseded_by is not None:
        return _supersede(row, planned)
    revision = _revision(row, planned)
    return None if _changes_nothing(row, planned, revision, now) else revision


def times(planned: PlannedMessage) -> dict[str, Any]:
    """The columns that a plan gives to a row."""
    return {
        "planned_at": planned.planned_at,
        "send_at": planned.send_at,
        "latest_at": planned.latest_at,
        "due_at": planned.due_at,
        "moved_by": [str(code) for code in planned.moved_by],
        "safety_critical": planned.step.safety_critical,
    }


def effect_of(row: ScheduledMessage | None, revision: Revision | None) -> Effect:
    """How to tell staff what a revision does."""
    if row is None:
        return Effect.STARTS
    if revision is None:
        return Effect.STAYS if may_change(row) else Effect.FINAL
    going, goes = row.status in UNSENT, revision.to in UNSENT
    if going:
        return Effect.MOVES if goes else Effect.STOPS
    return Effect.STARTS if goes else Effect.STAYS


def _supersede(row: ScheduledMessage, planned: PlannedMessage) -> Revision | None:
    if row.status not in UNSENT:
        return None
    by = {"superseded_by": planned.superseded_by}
    return Revision(Status.SUPERSEDED, superseded_for(planned), by, detail=planned.detail)


def superseded_for(planned: PlannedMessage) -> Why:
    """Why another session's message stands for this one: it has left, or it will speak for both."""
    return Why.ALREADY_SENT if planned.why == Why.ALREADY_SENT else Why.NEWER_SESSION


def _revision(row: ScheduledMessage, planned: PlannedMessage) -> Revision:
    if planned.status == Status.MISSED and _stood(row, planned):
        return Revision(Status.MISSED, Why.WINDOW_PASSED, window_passed=True)
    fields = times(planned)
    if row.attempt_count and planned.status == Status.SCHEDULED:
        fields["due_at"] = max(planned.due_at, row.due_at)  # a retry keeps its pause
    elif _hurried(row, planned):
        fields |= {"send_at": row.send_at, "due_at": row.due_at, "moved_by": row.moved_by}
    return Revision(planned.status, planned.why, fields, detail=planned.detail)


def _hurried(row: ScheduledMessage, planned: PlannedMessage) -> bool:
    """Whether staff sent it before its time, and nothing has moved the session or closed the window since."""
    fits = row.planned_at == planned.planned_at and row.send_at <= planned.latest_at
    return fits and BY_STAFF in row.moved_by and row.status in UNSENT


def _stood(row: ScheduledMessage, planned: PlannedMessage) -> bool:
    """Whether it was promised for this very time: the wait made it late, not the entry."""
    waited = row.status in UNSENT or row.status == Status.SUPERSEDED
    return waited and row.why != Why.SESSION_REOPENED and row.planned_at == planned.planned_at


def _changes_nothing(
    row: ScheduledMessage, planned: PlannedMessage, revision: Revision, now: datetime
) -> bool:
    if row.status == Status.CLAIMED and revision.to == Status.SCHEDULED and _same_plan(row, planned):
        return True
    if row.status != revision.to:
        return False
    if _same_plan(row, planned) and row.status == Status.HELD:
        return row.why == revision.why
    if _same_plan(row, planned) and row.status == Status.SCHEDULED and _left_to_the_engine(row, now):
        return True
    unchanged = all(getattr(row, name) == value for name, value in revision.fields.items())
    return unchanged and row.why == revision.why


def _left_to_the_engine(row: ScheduledMessage, now: datetime) -> bool:
    """Due already, sent early by staff, or waiting to be tried again."""
    return row.send_at <= now or row.attempt_count > 0


def _same_plan(row: ScheduledMessage, planned: PlannedMessage) -> bool:
    return (row.planned_at, row.latest_at) == (planned.planned_at, planned.latest_at)
