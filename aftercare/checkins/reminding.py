"""One reminder to a patient who has not answered a check-in: an ordinary message, promised once.

It is promised soon after the check-in was sent, for twelve hours later, and taken back in the transaction
that stores an answer. Like every message it leaves only if its claim still holds, so that an answer wins.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from aftercare.checkins.models import CheckIn, RuleSet
from aftercare.clinics.kept import Blank, Kept
from aftercare.content.models import MessageTemplate, TemplatePurpose, TemplateVersion
from aftercare.followups.opening import withdraw_tasks
from aftercare.outbox.covering import covered_of, covers
from aftercare.outbox.importing.slicing import in_chunks
from aftercare.outbox.links import CHECK_IN
from aftercare.outbox.locking import lock_patients
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.readdressing import KEPT, close_former_tries
from aftercare.outbox.revising import UNSENT
from aftercare.outbox.superseding import Place, course_of, newer_than, taken_over_by
from aftercare.outbox.transitions import move, move_all, record_new
from aftercare.protocols.models import PLANNED_KINDS, LateAction, ProtocolStep, StepKind
from aftercare.timing import Elapsed, Slot, SlotStatus, slot
from aftercare.treatments.models import SessionState, TreatmentSession

AFTER_MINUTES, LATEST_MINUTES = 12 * 60, 36 * 60
"""After the check-in was sent. Quiet hours may move it on; later than a day and a half it helps nobody."""
TAKEN_BACK = Q(status=Status.CANCELLED, why=Why.STAFF_RESENT)
"""The reminder of a sending that came back: taken back until the check-in has gone to the right address."""
UNSENT_YET: dict[str, Any] = {"sent_at": None, "delivery": "", "delivery_at": None}
TIMES = ("planned_at", "send_at", "due_at", "latest_at", "moved_by", "safety_critical")


def promise_reminders(*, now: datetime) -> int:
    """Promises a reminder for each check-in that was sent and has none; returns how many.

    Not where the patient has answered, the clinic has approved no text for it, a newer session asks instead,
    or the patient is asked again before its time. The reminder of a check-in that was sent again, to a
    corrected address, gets its new time. Again it changes nothing.
    """
    waiting = _without(now).order_by("sent_at").values_list("pk", "patient")
    count = 0
    for chunk in in_chunks(waiting):
        with transaction.atomic():
            lock_patients(patient for _pk, patient in chunk)
            still = _without(now).filter(pk__in=[pk for pk, _patient in chunk])  # answered meanwhile
            rows = still.select_related("step__template", "clinic", "patient__clinic", "session__protocol")
            count += _promise(list(rows.order_by("sent_at")), now)
    return count


def withdraw_reminders(session: TreatmentSession, *, now: datetime) -> int:
    """Takes back what has not left, because the patient has answered. One that may have left stays."""
    if not WAITING.all(session=session.pk):
        return 0
    return move_all(_waiting(session.pk), to=Status.CANCELLED, now=now, why=Why.ANSWERED)


def _waiting(session: Any) -> QuerySet[ScheduledMessage]:
    open_ones = (*UNSENT, Status.SUPERSEDED)  # which would come back if the newer session were voided
    return ScheduledMessage.objects.filter(
        session=session, step__kind=StepKind.REMINDER, status__in=open_ones, in_doubt=False
    )


WAITING = Kept(lambda: _waiting(Blank("session")).values_list("pk"))


def unanswered(messages: QuerySet[ScheduledMessage]) -> QuerySet[ScheduledMessage]:
    """Those of the messages that were sent and ask for a check-in, without an answer or a concern since."""
    answered = CheckIn.objects.filter(session=OuterRef("session"), answered_at__gte=OuterRef("sent_at"))
    worried = CheckIn.objects.filter(message=OuterRef("pk"), concern__isnull=False)
    asking = messages.filter(
        clinic__in=RuleSet.objects.approved().values("clinic"),
        status=Status.SENT,
        step__template__asks_check_in=True,
        step__kind__in=PLANNED_KINDS,
        session__state=SessionState.COMPLETED,
    )
    return asking.exclude(Exists(answered)).exclude(Exists(worried))


def _without(now: datetime) -> QuerySet[ScheduledMessage]:
    """Check-ins sent so lately that a reminder is still of use, without one."""
    since = now - timedelta(minutes=LATEST_MINUTES)
    # send_at too, for the index's sake; what left later than a week after its time is past reminding.
    sent = ScheduledMessage.objects.filter(send_at__gt=since - timedelta(days=7), sent_at__gt=since)
    reminders = ScheduledMessage.objects.filter(
        ~TAKEN_BACK, session=OuterRef("session"), step__reminds=OuterRef("step"), step__kind=StepKind.REMINDER
    )
    # One that the former address kept, due before the check-in went to the right one, reminded nobody.
    reminded = reminders.exclude(KEPT, send_at__lt=OuterRef("sent_at"))
    approved = TemplateVersion.objects.approved().filter(
        template__clinic=OuterRef("clinic"), template__purpose=TemplatePurpose.REMINDER
    )
    return unanswered(sent).filter(Exists(approved)).exclude(Exists(reminded))


def _promise(messages: Sequence[ScheduledMessage], now: datetime) -> int:
    if not messages:
        return 0
    messages = _of_the_newest(messages)
    steps = _steps_for({message.step_id: message.step for message in messages}.values())
    asked_next = _asked_next({message.session_id for message in messages})
    rows = []
    for message in messages:
        again = (at for at in asked_next.get(message.session_id, ()) if at > message.send_at)
        if row := _reminder(message, steps[message.step_id], again_at=min(again, default=None), now=now):
            rows.append(row)
    return _store(rows, now)


def _of_the_newest(messages: Sequence[ScheduledMessage]) -> list[ScheduledMessage]:
    """Without those whose question a newer session's own check-in asks.

    One that these cover is not sent: the patient was asked for both.
    """
    course = course_of({m.patient_id for m in messages}, clinics={m.clinic_id for m in messages})
    covered, kept = covered_of(message.session_id for message in messages), []
    for message in messages:
        session, mine = message.session, course[message.patient_id]
        place = Place.of(session, message.patient.zone)
        newer = taken_over_by(message.step, place, newer_than(session.ended_at, session.pk, mine))
        if newer is None or covers(message.step, session.pk, newer.pk, covered):
            kept.append(message)
    return kept


def _store(rows: Sequence[ScheduledMessage], now: datetime) -> int:
    """New reminders, and those of former sendings with their new times."""
    former = ScheduledMessage.objects.filter(TAKEN_BACK | KEPT, session__in=[row.session_id for row in rows])
    known = {(row.session_id, row.step_id): row for row in former.filter(step__kind=StepKind.REMINDER)}
    new = [row for row in rows if (row.session_id, row.step_id) not in known]
    for row in rows:
        if before := known.get((row.session_id, row.step_id)):
            timed = {name: getattr(row, name) for name in TIMES}
            fields = {**UNSENT_YET, **timed}
            if move(before.pk, to=Status.SCHEDULED, frm=Status(before.status), now=now, **fields):
                close_former_tries(before)
                said = _("The check-in was sent again, and is reminded of anew.")
                withdraw_tasks(f"message:{before.pk}:", outcome=said, now=now)
    ScheduledMessage.objects.bulk_create(new)
    record_new(new, now=now)
    return len(rows)


def _reminder(
    message: ScheduledMessage, step: ProtocolStep, *, again_at: datetime | None, now: datetime
) -> ScheduledMessage | None:
    place = _place(message, now)
    ends = [place.latest, CHECK_IN.ends_at(message), *([again_at] if again_at else [])]
    latest_at = min(ends)
    if place.status is SlotStatus.missed or place.send_at >= latest_at:
        return None
    return ScheduledMessage(
        clinic_id=message.clinic_id,
        patient_id=message.patient_id,
        session_id=message.session_id,
        step=step,
        safety_critical=message.safety_critical,
        planned_at=place.planned_at,
        send_at=place.send_at,
        due_at=place.send_at,
        latest_at=latest_at,
        moved_by=[str(reason) for reason in place.reasons],
    )


def _place(message: ScheduledMessage, now: datetime) -> Slot:
    patient, sent_at = message.patient, message.sent_at or message.send_at
    window, quiet = Elapsed(AFTER_MINUTES, LATEST_MINUTES), message.clinic.quiet_hours()
    return slot(window, ended_at=sent_at, zone=patient.zone, quiet=quiet, now=now)


def _asked_next(sessions: Iterable[int]) -> dict[int, list[datetime]]:
    """By session, the times of its check-ins that have not left yet or have."""
    rows = ScheduledMessage.objects.filter(
        session__in=list(sessions), step__template__asks_check_in=True, step__kind__in=PLANNED_KINDS
    ).filter(status__in=[*UNSENT, Status.SENDING, Status.SENT])
    found: dict[int, list[datetime]] = {}
    for session, at in rows.values_list("session", "send_at"):
        found.setdefault(session, []).append(at)
    return found


def _steps_for(asking: Iterable[ProtocolStep]) -> dict[int, ProtocolStep]:
    """The reminder's step of each of these steps, made at its first use."""
    asked = {step.pk: step for step in asking}
    known = {step.reminds_id: step for step in ProtocolStep.every.filter(reminds__in=list(asked))}
    for step in asked.values():
        if step.pk not in known:
            known[step.pk] = _make_step(step)
    return {pk: step for pk, step in known.items() if pk is not None}


def _make_step(asking: ProtocolStep) -> ProtocolStep:
    clinic = asking.template.clinic_id
    template = MessageTemplate.objects.get(clinic=clinic, purpose=TemplatePurpose.REMINDER)
    step, _made = ProtocolStep.every.get_or_create(
        reminds=asking,
        defaults={
            "protocol_id": asking.protocol_id,
            "number": asking.number,
            "slug": f"reminder--{asking.pk}",  # no slug that a name gives has two hyphens in a row
            "name": f"{template.name}: {asking.name}"[:120],
            "template": template,
            "kind": StepKind.REMINDER,
            "safety_critical": asking.safety_critical,
            "unknown_policy": asking.unknown_policy,
            "newer_session": asking.newer_session,
            "late_action": LateAction.SKIP,
        },
    )
    return step
