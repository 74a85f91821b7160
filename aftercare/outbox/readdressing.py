"""After a patient's address was corrected: what the former one kept from them, and may still be sent."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from aftercare.clinics.addresses import comparable
from aftercare.clinics.models import Patient, User
from aftercare.followups.opening import withdraw_tasks
from aftercare.outbox.covering import is_same_leaflet
from aftercare.outbox.delivery import LOST
from aftercare.outbox.forecasting import undo_time
from aftercare.outbox.models import AttemptOutcome, DeliveryEvent, ScheduledMessage, Status, Suppression, Why
from aftercare.outbox.revising import UNSENT
from aftercare.outbox.suppressing import purposes_against
from aftercare.outbox.transitions import move, move_all
from aftercare.outbox.waking import wake_on_commit
from aftercare.protocols.kinds import StepKind
from aftercare.treatments.models import SessionState

CAME_BACK = Q(status=Status.SENT, delivery__in=LOST)
KEPT = Q(status=Status.FAILED, why=Why.REFUSED) | Q(status=Status.SUPPRESSED) | CAME_BACK


def kept_from(patient: Patient, *, now: datetime) -> list[ScheduledMessage]:
    """The patient's messages that their address refused, sent back or kept from leaving, within their window.

    What came back from the address that the patient has now is not among them, nor a reminder:
    it has a time of its own, after what it reminds of. Nor a leaflet that a later session of the day has:
    that one's speaks for both.
    """
    rows = ScheduledMessage.objects.filter(KEPT, patient=patient, in_doubt=False, latest_at__gt=now)
    rows = rows.filter(session__state=SessionState.COMPLETED, step__enabled=True).exclude(
        step__kind=StepKind.REMINDER
    )
    rows = rows.select_related("step", "patient__clinic", "session__clinic").prefetch_related("attempts")
    rows = rows.order_by("send_at")
    kept = [row for row in rows if row.status != Status.SENT or not _went_to(row, patient.email)]
    return [row for row in kept if not _goes_for_the_day(row, kept)]


def may_reach_now(patient: Patient, *, now: datetime) -> list[ScheduledMessage]:
    """Of :func:`kept_from`, what the address that the patient has now neither refused nor forbids."""
    rows = [row for row in kept_from(patient, now=now) if not _went_to(row, patient.email)]
    if not rows:
        return []
    suppressed = Suppression.objects.filter(clinic=patient.clinic_id, email=comparable(patient.email))
    against = set(suppressed.values_list("purpose", flat=True))
    return [row for row in rows if against.isdisjoint(purposes_against(row.safety_critical))]


def send_to_new_address(patient: Patient, ids: Collection[UUID], *, by: User, now: datetime) -> int:
    """Promises those of them that are still kept from the patient for now; returns how many.

    Doing it again changes nothing. What forbids the new address as well is found before they leave.
    """
    with transaction.atomic():
        list(ScheduledMessage.objects.select_for_update(of=("self",)).filter(patient=patient, pk__in=ids))
        chosen = [row for row in kept_from(patient, now=now) if row.pk in ids]
        count = sum(_promise_anew(row, by=by, now=now) for row in chosen)
        if count:
            wake_on_commit()
    return count


def _goes_for_the_day(row: ScheduledMessage, kept: Collection[ScheduledMessage]) -> bool:
    """Whether a later session of the day has the same leaflet, kept from the patient too or still to come."""
    if not row.session.same_day:
        return False
    coming = ScheduledMessage.objects.filter(session__in=row.session.same_day, status__in=UNSENT)
    day = [each for each in kept if each.session_id in row.session.same_day]
    same = (each for each in (*day, *coming.select_related("step", "session")) if _is_later(each, row))
    return any(is_same_leaflet(row.step, each.step) for each in same)


def _is_later(one: ScheduledMessage, other: ScheduledMessage) -> bool:
    return (one.session.ended_at, one.session_id) > (other.session.ended_at, other.session_id)


def _went_to(message: ScheduledMessage, email: str) -> bool:
    tries = sorted(message.attempts.all(), key=lambda attempt: attempt.number)
    return bool(tries) and tries[-1].recipient == comparable(email)


def _promise_anew(message: ScheduledMessage, *, by: User, now: datetime) -> bool:
    completed_at = message.session.completed_at or now
    moved = move(
        message.pk,
        to=Status.SCHEDULED,
        frm=Status(message.status),
        now=now,
        why=Why.STAFF_RESENT,
        detail=_("The address was corrected."),
        actor=by,
        send_at=now,
        due_at=max(now, completed_at + undo_time(message.session.clinic)),
        sent_at=None,
        delivery="",
        delivery_at=None,
    )
    if moved:
        close_former_tries(message)
        _take_reminder_back(message, by=by, now=now)
        done = _("The address was corrected and it was sent again.")
        withdraw_tasks(f"message:{message.pk}:", outcome=done, now=now)
    return moved


def _take_reminder_back(message: ScheduledMessage, *, by: User, now: datetime) -> None:
    """What waits to remind of the former sending must not come before the new one, which sets its time."""
    waiting = ScheduledMessage.objects.filter(
        session=message.session_id, step__reminds=message.step_id, status__in=UNSENT, in_doubt=False
    )
    move_all(waiting, to=Status.CANCELLED, now=now, why=Why.STAFF_RESENT, actor=by)


def close_former_tries(message: ScheduledMessage) -> None:
    """What is reported of a copy that came back, then or later, says nothing of the new promise."""
    message.attempts.exclude(outcome=AttemptOutcome.NOT_SENT).update(outcome=AttemptOutcome.CAME_BACK)
    verdicts = DeliveryEvent.Verdict
    message.delivery_events.filter(verdict=verdicts.APPLIED).update(verdict=verdicts.FORMER)
