"""What may be done to a session that was completed: take it back at once, or void it."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftercare.console.acts import Act
from aftercare.console.session_plan import Line, as_revived, line_of
from aftercare.outbox.forecasting import undo_time
from aftercare.outbox.planning import reopen_session, void_session
from aftercare.outbox.previewing import would_revive
from aftercare.outbox.revising import UNSENT
from aftercare.treatments.models import SessionState, TreatmentSession


def undo_until(session: TreatmentSession) -> datetime | None:
    """Until when the completion may be taken back; None if it may not."""
    if session.state != SessionState.COMPLETED or session.completed_at is None:
        return None
    if session.scheduled_messages.filter(attempt_count__gt=0).exists():
        return None
    until = session.completed_at + undo_time(session.clinic)
    return until if timezone.now() < until else None


def _stops(session: TreatmentSession) -> Iterable[Line]:
    rows = session.scheduled_messages.filter(status__in=UNSENT)
    return [line_of(row) for row in rows.select_related("step", "patient__clinic", "session")]


def _starts(session: TreatmentSession) -> Iterable[Line]:
    """What the session superseded, as it was promised."""
    return [as_revived(row) for row in would_revive(session, now=timezone.now())]


UNDO = Act(
    name="undo",
    title=_("Undo the completion"),
    explanation=_("The session becomes a draft again. Its messages wait until you complete it anew."),
    button=_("Undo completion"),
    done=_("The session is a draft again. Nothing is sent until you complete it."),
    legal=lambda session: undo_until(session) is not None,
    run=lambda session, _reason, by, now: reopen_session(session, by=by, now=now),
    asks_reason=False,
    icon="undo",
    starts=_starts,
)
VOID = Act(
    name="void",
    title=_("Void this session"),
    explanation=_("For a session that did not happen as recorded. What has left cannot be called back."),
    button=_("Void session"),
    done=_("The session is voided. Its messages that had not left are cancelled."),
    legal=lambda session: session.state == SessionState.COMPLETED,
    run=lambda session, reason, by, now: void_session(session, reason=reason, by=by, now=now),
    danger=True,
    icon="block",
    stops=_stops,
    starts=_starts,
)
