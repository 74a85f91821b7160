"""Messages in no plan, such as reminders: let go again when nothing holds them any more.

A plan made anew gives its own messages their status; to these it has nothing to say.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from aftercare.clinics.models import User
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.rechecking import held_for
from aftercare.outbox.transitions import move
from aftercare.timing import after_quiet_hours
from aftercare.treatments.models import TreatmentSession


def free_unplanned(
    rows: Iterable[ScheduledMessage],
    sessions: Sequence[TreatmentSession],
    *,
    by: User | None,
    now: datetime,
) -> int:
    """Schedules those held messages of completed sessions that may go, not in quiet hours. Twice is once.

    ``sessions``: theirs, with patient, clinic and protocol. What has passed its window is left to be missed,
    and what waits in line to whoever keeps the line.
    """
    known = {session.pk: session for session in sessions}
    held = (row for row in rows if row.status == Status.HELD and row.latest_at >= now)
    held = (row for row in held if row.why != Why.IN_LINE)
    return sum(_free(row, known[row.session_id], by, now) for row in held)


def _free(row: ScheduledMessage, session: TreatmentSession, by: User | None, now: datetime) -> bool:
    row.session, row.patient, row.clinic = session, session.patient, session.clinic
    if held_for(row):
        return False
    quiet = None if row.step.quiet_exempt else session.clinic.quiet_hours()
    at = after_quiet_hours(max(now, row.send_at), row.latest_at, session.patient.zone, quiet)
    return move(row.pk, to=Status.SCHEDULED, frm=Status.HELD, now=now, actor=by, due_at=max(at, row.due_at))
