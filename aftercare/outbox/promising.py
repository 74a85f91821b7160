"""Writing a plan down: one row for each step of each session, made, moved or stopped.

Callers hold the transaction and the locks on the sessions. How many queries it takes depends on how many rows
change, not on how many sessions there are, so that a file of ten thousand can be taken in.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db.models import QuerySet

from aftercare.clinics.instances import refer
from aftercare.clinics.kept import Blanks, Kept
from aftercare.clinics.models import User
from aftercare.outbox.concluding import conclude
from aftercare.outbox.covering import told_on_days
from aftercare.outbox.forecasting import PlannedMessage, SessionFacts, forecast
from aftercare.outbox.freeing import free_unplanned, hold_unplanned, take_over_reminders
from aftercare.outbox.lateness import take_back, tell_of_late
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.revising import UNSENT, Revision, revise, superseded_for, times
from aftercare.outbox.superseding import course_of, newer_than, same_day
from aftercare.outbox.transitions import move, move_all, record_new
from aftercare.outbox.waking import wake_on_commit
from aftercare.protocols.models import PLANNED_KINDS
from aftercare.treatments.models import TreatmentSession

BATCH = 500
ROWS = Kept(
    lambda: ScheduledMessage.objects.filter(session__in=Blanks("sessions")).select_related("step__reminds")
)

Plans = dict[int, list[PlannedMessage]]
"""By session id."""
Course = dict[int, list[TreatmentSession]]
"""By patient id, in the order in which they ended."""
Rows = dict[int, dict[int, ScheduledMessage]]
"""By session id and step id."""


def for_planning(sessions: QuerySet[TreatmentSession]) -> QuerySet[TreatmentSession]:
    """The sessions with all that a plan reads, in the order in which everybody locks them."""
    loaded = sessions.select_related("clinic", "patient__clinic", "practitioner", "protocol", "override_by")
    return loaded.prefetch_related("protocol__steps").order_by("pk")


def promise(
    sessions: Sequence[TreatmentSession],
    *,
    completing: Collection[int] = (),
    by: User | None,
    now: datetime,
    tell_staff: bool = True,
) -> None:
    """Brings the messages of completed sessions in line with what they and their protocols say at ``now``.

    Sessions whose id is in ``completing`` get a row for every step, late ones included; the others only for
    steps that can still be kept. With ``tell_staff``, one follow-up task a session tells of safety messages
    that came too late; without it, none for sessions in ``completing``.
    """
    if not sessions:
        return
    course = _course(sessions)
    _keep_same_day(sessions, course, now)
    rows, unplanned = _rows(sessions)
    there = [*unplanned, *(row for session in sessions for row in rows[session.pk].values())]
    _give_to_patients((session for session in sessions if session.pk in completing), there)
    plans = _plans(sessions, course, rows, now)
    late = [row for s in sessions for row in _revise_all(plans[s.pk], rows[s.pk], by=by, now=now)]
    made = _create(sessions, plans, rows, completing)
    record_new(made, now=now, actor=by)
    unplanned = take_over_reminders(unplanned, sessions, course, by=by, now=now)
    free_unplanned(unplanned, sessions, by=by, now=now)
    hold_unplanned(unplanned, sessions, by=by, now=now)
    told = [session for session in sessions if tell_staff or session.pk not in completing]
    _tell(told, [*late, *(row for row in made if row.why == Why.ENTERED_LATE)], now)
    if _is_due(made, now) or (there and _has_due(sessions, now)):
        wake_on_commit()


def plans_and_rows(
    sessions: Sequence[TreatmentSession], *, now: datetime
) -> tuple[Plans, Rows, list[ScheduledMessage]]:
    """What :func:`promise` would bring in line with what, and the messages in no plan. Reads only."""
    course = _course(sessions)
    rows, unplanned = _rows(sessions)
    return _plans(sessions, course, rows, now), rows, unplanned


def is_new(planned: PlannedMessage, *, completing: bool) -> bool:
    """Whether a step without a row gets one. A step added later never makes an old session late."""
    return completing or planned.status in UNSENT


def _course(sessions: Sequence[TreatmentSession]) -> Course:
    protocols = [session.protocol for session in sessions]
    return course_of(
        (s.patient_id for s in sessions), clinics={s.clinic_id for s in sessions}, known=protocols
    )


def _plans(sessions: Sequence[TreatmentSession], course: Course, rows: Rows, now: datetime) -> Plans:
    plans: Plans = {}
    told = told_on_days(sessions, course, rows)
    for session in sessions:
        newer = newer_than(session.ended_at, session.pk, course[session.patient_id])
        facts = SessionFacts.of(session, newer=newer, told=told.get(session.pk))
        plans[session.pk] = forecast(facts, now=now)
    return plans


def _keep_same_day(sessions: Sequence[TreatmentSession], course: Course, now: datetime) -> None:
    """Lets each session know the others of its day, so that writing a message needs no search for them.

    What a drain has in hand was read before, and is taken out of its hand: it is written again.
    """
    changed = []
    for session in sessions:
        others = same_day(session, session.patient.zone, course[session.patient_id])
        if others != session.same_day:
            session.same_day = others
            TreatmentSession.objects.filter(pk=session.pk).update(same_day=others)
            changed.append(session.pk)
    if changed:
        in_hand = ScheduledMessage.objects.filter(session__in=changed, status=Status.CLAIMED)
        move_all(in_hand, to=Status.SCHEDULED, now=now)


def rows_of(sessions: Sequence[TreatmentSession]) -> Rows:
    """The messages that their plans have promised."""
    return _rows(sessions)[0]


def _rows(sessions: Sequence[TreatmentSession]) -> tuple[Rows, list[ScheduledMessage]]:
    """The messages of the plans, and those that are in no plan."""
    rows: Rows = defaultdict(dict)
    unplanned = []
    known = {session.pk: session for session in sessions}
    for row in ROWS.all(sessions=known):
        session = known[row.session_id]
        refer(row, session=session)
        if _is_theirs(row, session):
            refer(row, patient=session.patient, clinic=session.clinic)
        if row.step.kind in PLANNED_KINDS:
            rows[row.session_id][row.step_id] = row
        else:
            unplanned.append(row)
    return rows, unplanned


def _give_to_patients(sessions: Iterable[TreatmentSession], rows: Iterable[ScheduledMessage]) -> None:
    """Reopened, a session may have been given its right patient: nothing of it has left."""
    for session in sessions:
        strays = [row for row in rows if row.session_id == session.pk and not _is_theirs(row, session)]
        for row in strays:
            row.patient, row.clinic = session.patient, session.clinic
        if strays:
            session.scheduled_messages.update(patient=session.patient_id, clinic=session.clinic_id)


def _is_theirs(row: ScheduledMessage, session: TreatmentSession) -> bool:
    return (row.patient_id, row.clinic_id) == (session.patient_id, session.clinic_id)


def _revise_all(
    plan: list[PlannedMessage], rows: dict[int, ScheduledMessage], *, by: User | None, now: datetime
) -> list[ScheduledMessage]:
    """Revises the rows of one session; returns those that the new plan has made late."""
    by_step = {planned.step.pk: planned for planned in plan}
    late = []
    for step_id, row in rows.items():
        planned = by_step.get(step_id)
        revision = revise(row, planned, now=now)
        if revision is None:
            _point_to_newest(row, planned)
        elif _apply(row, revision, by=by, now=now) and makes_late(row, revision):
            late.append(row)
    return late


def _apply(row: ScheduledMessage, revision: Revision, *, by: User | None, now: datetime) -> bool:
    frm = _as_seen(row)
    if revision.window_passed:
        return conclude(row, to=ended_as(row, revision), frm=frm, now=now, why=revision.why)
    said = {"why": revision.why, "detail": revision.detail}
    return move(row.pk, to=revision.to, frm=frm, now=now, actor=by, **said, **revision.fields)


def ended_as(row: ScheduledMessage, revision: Revision) -> Status:
    """Where the revision takes the row; of one that may have left at an earlier try nobody can say missed."""
    return Status.UNCONFIRMED if revision.window_passed and row.in_doubt else revision.to


def _as_seen(row: ScheduledMessage) -> tuple[Status, ...]:
    """The status a row may have by now: a drain may have claimed it, or given it back, since it was read."""
    status = Status(row.status)
    return (Status.SCHEDULED, Status.CLAIMED) if status in (Status.SCHEDULED, Status.CLAIMED) else (status,)


def makes_late(row: ScheduledMessage, revision: Revision) -> bool:
    return revision.why == Why.ENTERED_LATE and row.status != Status.MISSED


def _point_to_newest(row: ScheduledMessage, planned: PlannedMessage | None) -> None:
    """A message whose superseding session was itself superseded or voided names the one that counts now."""
    if row.status != Status.SUPERSEDED or planned is None or planned.superseded_by is None:
        return
    newest, why = planned.superseded_by, superseded_for(planned)
    if (row.superseded_by_id, row.why) != (newest.pk, why):
        same = ScheduledMessage.objects.filter(pk=row.pk, status=Status.SUPERSEDED)
        same.update(superseded_by=newest, why=why, why_detail=planned.detail[:300])


def _create(
    sessions: Sequence[TreatmentSession], plans: Plans, rows: Rows, completing: Collection[int]
) -> list[ScheduledMessage]:
    made = [
        _row(session, planned)
        for session in sessions
        for planned in plans[session.pk]
        if planned.step.pk not in rows[session.pk] and is_new(planned, completing=session.pk in completing)
    ]
    return ScheduledMessage.objects.bulk_create(made, batch_size=BATCH)


def _row(session: TreatmentSession, planned: PlannedMessage) -> ScheduledMessage:
    superseded = planned.status == Status.SUPERSEDED
    return ScheduledMessage(
        clinic_id=session.clinic_id,
        patient_id=session.patient_id,
        session=session,
        step=planned.step,
        status=planned.status,
        why=planned.why,
        why_detail=planned.detail[:300],
        superseded_by=planned.superseded_by if superseded else None,
        **times(planned),
    )


def _is_due(rows: Iterable[ScheduledMessage], now: datetime) -> bool:
    return any(row.status == Status.SCHEDULED and row.due_at <= now for row in rows)


def _has_due(sessions: Sequence[TreatmentSession], now: datetime) -> bool:
    mine = ScheduledMessage.objects.filter(session__in=[session.pk for session in sessions])
    return mine.filter(status=Status.SCHEDULED, due_at__lte=now).exists()


def _tell(sessions: Sequence[TreatmentSession], late: Iterable[ScheduledMessage], now: datetime) -> None:
    by_session: dict[int, list[ScheduledMessage]] = defaultdict(list)
    for row in late:
        by_session[row.session_id].append(row)
    for session in sessions:
        tell_of_late(session, by_session[session.pk], now=now)
    take_back(sessions, now=now)
