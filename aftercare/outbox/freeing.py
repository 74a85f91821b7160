"""Messages in no plan, such as reminders: held when their patients or pauses say so, and let go again.

What was covered is let go here, too, when the message that covered it comes back.

A plan made anew gives its own messages their status; to these it has nothing to say. But a reminder goes with
what it reminds of: a newer session that takes over the check-in takes over its reminder.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from aftercare.clinics.models import User
from aftercare.outbox.concluding import conclude
from aftercare.outbox.covering import covered_of, covers
from aftercare.outbox.locking import lock_patients
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.rechecking import held_for
from aftercare.outbox.revising import UNSENT
from aftercare.outbox.superseding import Course, Place, newer_than, taken_over_by
from aftercare.outbox.transitions import move
from aftercare.protocols.models import ProtocolStep
from aftercare.timing import after_quiet_hours
from aftercare.treatments.models import TreatmentSession

COMING = (Status.SCHEDULED, Status.CLAIMED)


def free_unplanned(
    rows: Iterable[ScheduledMessage],
    sessions: Sequence[TreatmentSession],
    *,
    by: User | None,
    now: datetime,
) -> int:
    """Schedules those held messages of completed sessions that may go, not in quiet hours. Twice is once.

    ``sessions``: theirs, with patient, clinic and protocol. What has passed its window is left to be missed,
    what waits in line to whoever keeps the line, and what a newer session took over as long as it does.
    """
    known = {session.pk: session for session in sessions}
    kept = (row for row in rows if _may_be_freed(row, now))
    return sum(_free(row, known[row.session_id], by, now) for row in kept)


def hold_unplanned(
    rows: Iterable[ScheduledMessage],
    sessions: Sequence[TreatmentSession],
    *,
    by: User | None,
    now: datetime,
) -> int:
    """Holds those messages still to come that something speaks against, such as consent withdrawn.

    ``sessions``: as for :func:`free_unplanned`. Twice is once.
    """
    known = {session.pk: session for session in sessions}
    coming = ((row, _held_for(row, known[row.session_id])) for row in rows if row.status in COMING)
    return sum(
        move(row.pk, to=Status.HELD, frm=COMING, now=now, why=why, actor=by) for row, why in coming if why
    )


def foresee_unplanned(
    rows: Iterable[ScheduledMessage], sessions: Sequence[TreatmentSession], *, now: datetime
) -> Iterator[tuple[str, ScheduledMessage]]:
    """Which of them the two above would hold ("held") or let go ("released"). Reads only."""
    known = {session.pk: session for session in sessions}
    for row in rows:
        holds = _held_for(row, known[row.session_id])
        if holds and row.status in COMING:
            yield "held", row
        elif not holds and row.status == Status.HELD and _may_be_freed(row, now):
            yield "released", row


def free_covered(message: ScheduledMessage, *, now: datetime) -> int:
    """Lets those go that a message was taken to cover, as it came back; what is late is missed. Twice: once.

    ``message``: locked. The patient is locked too, so that nobody plans meanwhile by what it was before.
    """
    lock_patients([message.patient_id])
    rows = covered_of([message.session_id])
    mine = [row for row in rows if covers(message.step, message.session_id, row.session_id, [row])]
    return sum(_free_or_miss(row, now) for row in mine)


def take_over_reminders(
    rows: Iterable[ScheduledMessage],
    sessions: Sequence[TreatmentSession],
    course: Mapping[int, Course],
    *,
    by: User | None,
    now: datetime,
) -> list[ScheduledMessage]:
    """Supersedes what still waits to remind of a check-in that a newer session has taken over.

    ``course``: by patient. Returns the rows that no newer session stands for. A newer session whose own
    check-in is covered by the one that was sent asks nothing itself. Twice is once.
    """
    known, left = {session.pk: session for session in sessions}, []
    asked = [(row, _asked_anew_by(row.step, known[row.session_id], course[row.patient_id])) for row in rows]
    covered = covered_of({row.session_id for row, newer in asked if newer is not None})
    for row, newer in asked:
        if newer is None or _is_covered(row, newer, covered):
            left.append(row)
        elif row.status in UNSENT and not row.in_doubt:
            given: dict[str, Any] = {"why": Why.NEWER_SESSION, "actor": by, "superseded_by": newer}
            move(row.pk, to=Status.SUPERSEDED, frm=tuple(UNSENT), now=now, **given)
    return left


def _asked_anew_by(step: ProtocolStep, session: TreatmentSession, course: Course) -> TreatmentSession | None:
    """The newer session whose own check-in stands for the one that this step of a session reminds of."""
    if step.reminds is None:
        return None
    newer = newer_than(session.ended_at, session.pk, course)
    return taken_over_by(step.reminds, Place.of(session, session.patient.zone), newer)


def _is_covered(row: ScheduledMessage, newer: TreatmentSession, covered: Iterable[ScheduledMessage]) -> bool:
    asking = row.step.reminds
    return asking is not None and covers(asking, row.session_id, newer.pk, covered)


def _free_or_miss(row: ScheduledMessage, now: datetime) -> bool:
    if row.latest_at < now:
        return conclude(row, to=Status.MISSED, frm=Status.SUPERSEDED, now=now, why=Why.WINDOW_PASSED)
    if why := _held_for(row, row.session):
        return move(row.pk, to=Status.HELD, frm=Status.SUPERSEDED, now=now, why=why)
    return _free(row, row.session, None, now)


def _may_be_freed(row: ScheduledMessage, now: datetime) -> bool:
    kept = row.status in (Status.HELD, Status.SUPERSEDED) and row.latest_at >= now
    return kept and row.why != Why.IN_LINE


def _held_for(row: ScheduledMessage, session: TreatmentSession) -> Why | None:
    row.session, row.patient, row.clinic = session, session.patient, session.clinic
    return held_for(row)


def _free(row: ScheduledMessage, session: TreatmentSession, by: User | None, now: datetime) -> bool:
    if _held_for(row, session):
        return False
    quiet = None if row.step.quiet_exempt else session.clinic.quiet_hours()
    at = after_quiet_hours(max(now, row.send_at), row.latest_at, session.patient.zone, quiet)
    frm = Status(row.status)
    return move(row.pk, to=Status.SCHEDULED, frm=frm, now=now, actor=by, due_at=max(at, row.due_at))
