"""What staff may do with one message: cancel it, send it now, say that it arrived, send it again.

Each keeps the reason and who gave it, and doing it twice does it once. Each raises Refused, saying what to do
instead, if the message is no longer where the person saw it.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from aftercare.clinics.models import User
from aftercare.followups.opening import withdraw_tasks
from aftercare.outbox.forecasting import undo_time
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.reasons import BY_STAFF
from aftercare.outbox.refusing import Refused
from aftercare.outbox.transitions import move
from aftercare.outbox.waking import wake_on_commit
from aftercare.treatments.models import SessionState

LONGEST_REASON = 300


def cancel_message(message: ScheduledMessage, *, reason: str, by: User, now: datetime) -> None:
    """Cancels a message that has not left; a safety-critical one too, because the reason is kept."""
    reason = checked_reason(reason)
    current = _current(message)
    if (current.status, current.why) == (Status.CANCELLED, Why.BY_STAFF):
        return
    if current.status not in (Status.SCHEDULED, Status.CLAIMED, Status.HELD):
        raise Refused(_("This message can no longer be cancelled. Its status: %s.") % _status(current))
    _move(current, to=Status.CANCELLED, why=Why.BY_STAFF, detail=reason, actor=by, now=now)


def send_now(message: ScheduledMessage, *, reason: str, by: User, now: datetime) -> None:
    """Makes a scheduled message due at once, quiet hours or not, but never within the undo time."""
    reason = checked_reason(reason)
    current = _current(message)
    if current.status == Status.HELD:
        text = _("This message is held: %s. Put that right, and it goes by itself.")
        raise Refused(text % current.get_why_display())
    if current.status != Status.SCHEDULED:
        raise Refused(_("This message is not waiting to be sent. Its status: %s.") % _status(current))
    _refuse_late(current, now)
    if current.due_at <= now or current.moved_by == [BY_STAFF]:
        return
    fields = {**_at_once(current, now), "moved_by": [BY_STAFF]}
    _move(current, to=Status.SCHEDULED, detail=reason, actor=by, now=now, **fields)


def confirm_arrived(message: ScheduledMessage, *, reason: str, by: User, now: datetime) -> None:
    """Notes that a message nobody could know about has arrived, for example because the patient says so."""
    reason = checked_reason(reason)
    current = _current(message)
    if (current.status, current.why) == (Status.SENT, Why.STAFF_CONFIRMED):
        return
    if current.status not in (Status.UNKNOWN, Status.UNCONFIRMED):
        raise Refused(_("There is no doubt about this message. Its status: %s.") % _status(current))
    attempt = current.attempts.last()
    sent_at = attempt.opened_at if attempt else now
    fields = {"why": Why.STAFF_CONFIRMED, "detail": reason, "actor": by}
    fields |= {"sent_at": sent_at, "in_doubt": False}
    _move(current, to=Status.SENT, now=now, tasks_done=_("Staff confirmed that it arrived."), **fields)


def send_again(message: ScheduledMessage, *, reason: str, by: User, now: datetime) -> None:
    """Promises a message once more that failed, or of which nobody knows whether it arrived."""
    reason = checked_reason(reason)
    current = _current(message)
    if (current.status, current.why) == (Status.SCHEDULED, Why.STAFF_RESENT):
        return
    if current.status not in (Status.FAILED, Status.UNCONFIRMED):
        raise Refused(_("This message cannot be sent again. Its status: %s.") % _status(current))
    _refuse_late(current, now)
    fields = {"why": Why.STAFF_RESENT, "detail": reason, "actor": by, **_at_once(current, now)}
    fields["in_doubt"] = False  # a second copy is what staff want now
    _move(current, to=Status.SCHEDULED, now=now, tasks_done=_("Staff sent it again."), **fields)


def checked_reason(reason: str, *, longest: int = LONGEST_REASON) -> str:
    """The reason without blanks around it. Raises Refused if it is empty or too long to be kept."""
    reason = reason.strip()
    if not reason:
        raise Refused({"reason": [_("Give the reason. It is kept with your name.")]})
    if len(reason) > longest:
        raise Refused({"reason": [_("Give the reason in at most %s characters.") % longest]})
    return reason


def _current(message: ScheduledMessage) -> ScheduledMessage:
    return ScheduledMessage.objects.select_related("session__clinic").get(pk=message.pk)


def _status(message: ScheduledMessage) -> str:
    return message.get_status_display()


def _refuse_late(message: ScheduledMessage, now: datetime) -> None:
    if message.session.state != SessionState.COMPLETED:
        raise Refused(_("The session is not completed, so that nothing of it is sent."))
    if now > message.latest_at:
        raise Refused(_("Its window has passed: what it says is no longer right. Call the patient instead."))


def _at_once(message: ScheduledMessage, now: datetime) -> dict[str, Any]:
    completed_at = message.session.completed_at or now
    return {"send_at": now, "due_at": max(now, completed_at + undo_time(message.session.clinic))}


def _move(
    message: ScheduledMessage, *, to: Status, now: datetime, tasks_done: str = "", **fields: Any
) -> None:
    with transaction.atomic():
        if not move(message.pk, to=to, frm=Status(message.status), now=now, **fields):
            raise Refused(_("The message has just moved on. Look again at where it is."))
        if tasks_done:
            withdraw_tasks(f"message:{message.pk}:", outcome=tasks_done, now=now)
        if to == Status.SCHEDULED:
            wake_on_commit()
