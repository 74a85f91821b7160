"""What happens to a session, and in the same transaction to its messages.

Each operation locks the patient first, and then the patient's sessions under the protocol, so that no two
believe theirs to be the newest; each is safe to run twice.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftercare.clinics.history import store_change
from aftercare.clinics.instances import refer
from aftercare.clinics.kept import Blank, Blanks, Kept
from aftercare.clinics.models import User
from aftercare.outbox.forecasting import PlannedMessage, SessionFacts, undo_time
from aftercare.outbox.lateness import take_all_back, take_back
from aftercare.outbox.locking import lock_patients
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.previewing import Change, changes, preview, would_supersede
from aftercare.outbox.promising import promise
from aftercare.outbox.refusing import Refused, Stale
from aftercare.outbox.revising import UNSENT, may_change
from aftercare.outbox.transitions import move_all
from aftercare.protocols.sharing import share_steps
from aftercare.treatments.completing import completion_problems
from aftercare.treatments.models import SessionState, TreatedArea, TreatmentSession

STALE = gettext_lazy(
    "Somebody completed or voided this session meanwhile. Look at it, then correct it if need be."
)

DELETED = gettext_lazy("Somebody deleted this draft meanwhile.")

TWO_DAYS = timedelta(days=2)
"""Within it lies whatever a zone may call the same day."""

GROUP = Kept(lambda: _group())
AREAS = Kept(lambda: TreatedArea.objects.filter(session=Blank("session")))
MESSAGES = Kept(
    lambda: (
        ScheduledMessage.objects.filter(session=Blank("session"))
        .select_related("step")
        .order_by("send_at", "step__number")
    )
)

__all__ = [
    "STALE",
    "Change",
    "PlannedMessage",
    "Refused",
    "SessionFacts",
    "changes",
    "complete_session",
    "preview",
    "refuse_stale",
    "reopen_session",
    "replan_session",
    "void_session",
    "would_supersede",
]


def complete_session(
    session: TreatmentSession, *, by: User | None, now: datetime, historical: bool = False
) -> list[ScheduledMessage]:
    """Completes a saved draft and promises its messages; returns them in the order they go.

    Unsent messages of the patient's earlier sessions under the protocol are superseded. A ``historical``
    session opens no task for what came too late. Completing again changes nothing. Raises Refused with the
    problems by field.
    """
    with transaction.atomic():
        mine, others = _lock(session)
        if mine.state == SessionState.VOIDED:
            raise Refused(_("This session was voided. Record the treatment anew."))
        if mine.state == SessionState.DRAFT:
            _refuse_problems(mine, now)
            _refuse_twice(mine, others)
            _set_state(mine, SessionState.COMPLETED, by=by, completed_at=now)
            promise([mine, *others], completing={mine.pk}, by=by, now=now, tell_staff=not historical)
    _bring_up_to_date(session, mine)
    return _messages(session)


def replan_session(session: TreatmentSession, *, by: User | None, now: datetime) -> list[ScheduledMessage]:
    """Brings the messages of a session that was edited and saved in line with it; returns them.

    What has left stays as it is. Does nothing for a draft or a voided session. Raises Refused with the
    problems by field: call it in the transaction that saves the session.
    """
    with transaction.atomic():
        mine, others = _lock(session)
        if mine.state == SessionState.COMPLETED:
            _refuse_another_plan(mine)
            _refuse_problems(mine, now)
            promise([mine, *others], by=by, now=now)
    return _messages(session)


def reopen_session(session: TreatmentSession, *, by: User | None, now: datetime) -> None:
    """Takes a completion back: a draft again, its messages held, those it superseded revived.

    Possible in the clinic's undo time while nothing has left. Reopening a draft changes nothing. Raises
    Refused.
    """
    with transaction.atomic():
        mine, others = _lock(session)
        if mine.state == SessionState.VOIDED:
            raise Refused(_("This session was voided. Record the treatment anew."))
        if mine.state == SessionState.COMPLETED:
            _refuse_to_reopen(mine, now)
            open_rows = [row.pk for row in mine.scheduled_messages.all() if _may_be_held(row)]
            held = mine.scheduled_messages.filter(pk__in=open_rows)
            move_all(held, to=Status.HELD, now=now, why=Why.SESSION_REOPENED, actor=by)
            _set_state(mine, SessionState.DRAFT, by=by, completed_at=None)
            take_back([mine], now=now)
            promise(others, by=by, now=now)
    _bring_up_to_date(session, mine)


def void_session(session: TreatmentSession, *, reason: str, by: User | None, now: datetime) -> None:
    """Voids a session that did not happen as recorded: cancels what has not left, revives what it superseded.

    What has left cannot be called back. Voiding again changes nothing. Raises Refused without a reason.
    """
    reason = reason.strip()
    if not reason:
        raise Refused({"void_reason": [_("Give the reason. It is kept with the session.")]})
    with transaction.atomic():
        mine, others = _lock(session)
        if mine.state != SessionState.VOIDED:
            unsent = mine.scheduled_messages.filter(status__in=[*UNSENT, Status.SUPERSEDED])
            move_all(unsent, to=Status.CANCELLED, now=now, why=Why.SESSION_VOIDED, detail=reason, actor=by)
            _set_state(mine, SessionState.VOIDED, by=by, voided_at=now, void_reason=reason[:300])
            take_all_back(mine, outcome=_("The session was voided: %s") % reason, now=now)
            promise(others, by=by, now=now)
    _bring_up_to_date(session, mine)


def refuse_stale(session: TreatmentSession) -> TreatmentSession:
    """Before edits of a session are saved: it as it is stored, locked until the transaction ends.

    Raises Stale if it was completed, reopened, voided or deleted since it was read.
    """
    stored, _others = _lock(session)
    if stored.state != session.state:
        raise Stale(str(STALE))
    return stored


def _lock(session: TreatmentSession) -> tuple[TreatmentSession, list[TreatmentSession]]:
    """The session as stored, and the patient's other completed ones that it may bear on, all locked."""
    lock_patients([session.patient_id])
    locked = {
        row.pk: row
        for row in GROUP.all(
            pk=session.pk,
            patient=session.patient_id,
            protocol=session.protocol_id,
            same_day=session.same_day,
            since=session.ended_at - TWO_DAYS,
            until=session.ended_at + TWO_DAYS,
        )
    }
    if session.pk not in locked:
        raise Stale(str(DELETED))
    for row in locked.values():
        if row.patient.clinic_id == row.clinic_id:
            refer(row.patient, clinic=row.clinic)
    share_steps(row.protocol for row in locked.values())
    mine = locked.pop(session.pk)
    return mine, list(locked.values())


def _group() -> QuerySet[TreatmentSession]:
    """With no more joined than is needed: on each table more PostgreSQL thinks a fifth longer."""
    until = Q(ended_at__lte=Blank("until", DateTimeField()))
    around = until & Q(ended_at__gte=Blank("since", DateTimeField()))
    near = around | Q(pk__in=Blanks("same_day")) | Q(protocol=Blank("protocol"))
    group = Q(near, patient=Blank("patient"), state=SessionState.COMPLETED)
    sessions = TreatmentSession.objects.filter(Q(pk=Blank("pk")) | group).order_by("pk")
    loaded = sessions.select_related("clinic", "patient", "practitioner", "protocol")
    return loaded.select_for_update(of=("self",))


def _refuse_problems(session: TreatmentSession, now: datetime) -> None:
    if problems := completion_problems(session, areas=AREAS.all(session=session.pk), now=now):
        raise Refused(problems)


def _refuse_twice(session: TreatmentSession, others: list[TreatmentSession]) -> None:
    """The same treatment recorded again, for example by tapping twice, would send its messages again."""
    same = [other for other in others if other.protocol_id == session.protocol_id]
    if any(other.ended_at == session.ended_at for other in same):
        text = _("A treatment of this patient that ended at this time is recorded already.")
        raise Refused({"ended_at": [text]})


def _refuse_another_plan(session: TreatmentSession) -> None:
    rows = session.scheduled_messages.select_related("step")
    if any(row.step.protocol_id != session.protocol_id for row in rows):
        text = _("The protocol of a completed session stays. Void the session and record it anew.")
        raise Refused({"protocol": [text]})
    if any(row.patient_id != session.patient_id for row in rows):
        text = _("The patient of a completed session stays. Void the session and record it anew.")
        raise Refused({"patient": [text]})


def _refuse_to_reopen(session: TreatmentSession, now: datetime) -> None:
    if session.completed_at is None or now >= session.completed_at + undo_time(session.clinic):
        raise Refused(_("The time to undo is over. Correct the session, or void it."))
    if any(row.attempt_count for row in session.scheduled_messages.all()):
        raise Refused(_("A message has left already. Correct the session, or void it."))


def _may_be_held(row: ScheduledMessage) -> bool:
    return may_change(row) and row.status not in (Status.SUPERSEDED, Status.CANCELLED)


def _set_state(session: TreatmentSession, state: SessionState, *, by: User | None, **fields: object) -> None:
    session.state = state
    for name, value in fields.items():
        setattr(session, name, value)
    store_change(session, ["state", *fields], by=by)


def _bring_up_to_date(session: TreatmentSession, stored: TreatmentSession) -> None:
    """What ``refresh_from_db`` would do, without reading again what was locked and stored."""
    for field in TreatmentSession._meta.concrete_fields:
        setattr(session, field.attname, getattr(stored, field.attname))
    session._state.fields_cache.clear()
    vars(session).pop("_prefetched_objects_cache", None)


def _messages(session: TreatmentSession) -> list[ScheduledMessage]:
    found = MESSAGES.all(session=session.pk)
    for row in found:
        refer(row, session=session)
    return found
