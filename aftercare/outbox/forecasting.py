"""What a session's messages will be: one line a step, worked out without writing anything.

The plan that staff see before they save and the rows that are stored come from here, so that they agree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from django.conf import settings

from aftercare.clinics.models import Clinic, Patient
from aftercare.outbox.covering import Told
from aftercare.outbox.models import Status, Why
from aftercare.outbox.reasons import UNDO, sentences
from aftercare.outbox.superseding import Place, taken_over_by
from aftercare.protocols.bounds import may_skip
from aftercare.protocols.models import Protocol, ProtocolStep
from aftercare.timing import Slot, SlotStatus, slot
from aftercare.treatments.models import TreatmentSession


@dataclass(frozen=True, kw_only=True)
class SessionFacts:
    """All that a plan depends on; from a form before it is saved, or from a session.

    ``completed_at`` is None for a session that would be completed now. ``newer``: the patient's completed
    sessions that ended later, in that order. ``skipped``: slugs of the steps left out for this session.
    ``told``: by step id, what has left for other sessions of the day. ``treatment``: the session with its
    areas and products as it would be saved; without it, nothing that has left is taken to cover it.
    """

    patient: Patient
    protocol: Protocol
    ended_at: datetime
    completed_at: datetime | None = None
    session_id: int | None = None
    newer: tuple[TreatmentSession, ...] = ()
    skipped: frozenset[str] = frozenset()
    told: Mapping[int, Told] = field(default_factory=dict)
    treatment: TreatmentSession | None = None

    @classmethod
    def of(
        cls,
        session: TreatmentSession,
        *,
        newer: Iterable[TreatmentSession] = (),
        told: Mapping[int, Told] | None = None,
    ) -> Self:
        return cls(
            patient=session.patient,
            protocol=session.protocol,
            ended_at=session.ended_at,
            completed_at=session.completed_at,
            session_id=session.pk,
            newer=tuple(newer),
            skipped=frozenset(session.skipped_steps),
            told=told or {},
            treatment=session,
        )

    @property
    def place(self) -> Place:
        return Place(self.protocol, self.ended_at, self.patient.zone)

    def skips(self, step: ProtocolStep) -> bool:
        return step.slug in self.skipped and may_skip(step)


@dataclass(frozen=True, kw_only=True)
class PlannedMessage:
    """What one step will come to. Instants are UTC; the ``local_…`` properties are the patient's.

    ``due_at`` is when it may leave: ``send_at``, or later while the completion can be undone. ``detail``: for
    staff, why a leaflet that was sent already that day goes again, or does not.
    """

    step: ProtocolStep
    zone: ZoneInfo
    planned_at: datetime
    send_at: datetime
    latest_at: datetime
    due_at: datetime
    status: Status
    why: str = ""
    moved_by: tuple[str, ...] = ()
    superseded_by: TreatmentSession | None = None
    detail: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def local_send_at(self) -> datetime:
        return self.send_at.astimezone(self.zone)

    @property
    def local_latest_at(self) -> datetime:
        return self.latest_at.astimezone(self.zone)

    @property
    def reasons(self) -> list[str]:
        """Why it is not simply promised for its own time: sentences for staff."""
        why = [str(Why(self.why).label)] if self.why else []
        detail = [self.detail] if self.detail else []
        return [*why, *detail, *sentences(self.moved_by), *self.notes]


def undo_time(clinic: Clinic) -> timedelta:
    """For how long a completion may be undone, and nothing leaves."""
    minutes = settings.UNDO_MINUTES if clinic.undo_minutes is None else clinic.undo_minutes
    return timedelta(minutes=minutes)


def forecast(facts: SessionFacts, *, now: datetime) -> list[PlannedMessage]:
    """The messages of a session with these facts, as planned at ``now``, in the order of their steps.

    Steps that are disabled have none. Raises ValueError if ``ended_at`` or ``now`` is naive.
    """
    steps = [step for step in facts.protocol.steps.all() if step.enabled]
    return [_planned(step, facts, now) for step in steps]


def _planned(step: ProtocolStep, facts: SessionFacts, now: datetime) -> PlannedMessage:
    place, due_at, moved_by = _place(step, facts, now)
    told = facts.told.get(step.pk)
    superseded_by = None if facts.skips(step) else _superseded_by(step, facts, told)
    status, why = _standing(step, place, facts, superseded_by)
    return PlannedMessage(
        step=step,
        zone=facts.patient.zone,
        planned_at=place.planned_at,
        send_at=place.send_at,
        latest_at=place.latest,
        due_at=due_at,
        status=status,
        why=why,
        moved_by=moved_by,
        superseded_by=superseded_by,
        detail=told.detail if told and (told.by is None or why == Why.ALREADY_SENT) else "",
    )


def _superseded_by(step: ProtocolStep, facts: SessionFacts, told: Told | None) -> TreatmentSession | None:
    """The session whose message has spoken, or will speak, for the step's too."""
    if told is None:
        return taken_over_by(step, facts.place, facts.newer)
    if told.by is not None:
        return told.by.session
    later = [session for session in facts.newer if session.pk not in told.left]
    return taken_over_by(step, facts.place, later)


def _place(step: ProtocolStep, facts: SessionFacts, now: datetime) -> tuple[Slot, datetime, tuple[str, ...]]:
    """The slot, the instant from which it may leave, and what moved it."""
    place = _slot(step, facts, now)
    may_leave = (facts.completed_at or now) + undo_time(facts.patient.clinic)
    if place.status is SlotStatus.missed or place.send_at >= may_leave:
        return place, place.send_at, place.reasons
    after = _slot(step, facts, may_leave)
    if after.send_at != may_leave:  # quiet hours begin, or its window ends, before it may leave
        return after, after.send_at, after.reasons
    return place, may_leave, (*place.reasons, UNDO)


def _slot(step: ProtocolStep, facts: SessionFacts, now: datetime) -> Slot:
    clinic = facts.patient.clinic
    quiet = None if step.quiet_exempt else clinic.quiet_hours()
    return slot(step.when, ended_at=facts.ended_at, zone=facts.patient.zone, quiet=quiet, now=now)


def _standing(
    step: ProtocolStep, place: Slot, facts: SessionFacts, superseded_by: TreatmentSession | None
) -> tuple[Status, str]:
    """The status a new message gets, and why."""
    if facts.skips(step):
        return Status.CANCELLED, Why.STEP_SKIPPED
    if _is_covered(step, facts):
        return Status.SUPERSEDED, Why.ALREADY_SENT
    if place.status is SlotStatus.missed:
        return Status.MISSED, Why.ENTERED_LATE
    if superseded_by is not None:
        return Status.SUPERSEDED, Why.NEWER_SESSION
    if reason := _hold(facts, step):
        return Status.HELD, reason
    return Status.SCHEDULED, ""


def _is_covered(step: ProtocolStep, facts: SessionFacts) -> bool:
    told = facts.told.get(step.pk)
    return told is not None and told.by is not None


def _hold(facts: SessionFacts, step: ProtocolStep) -> Why | None:
    reasons = (
        (facts.patient.clinic.paused_at, Why.CLINIC_PAUSED),
        (facts.protocol.paused_at, Why.PROTOCOL_PAUSED),
        (facts.patient.paused_at, Why.PATIENT_PAUSED),
        (facts.patient.concern_at and not step.safety_critical, Why.OPEN_CONCERN),
        (not facts.patient.consents, Why.NO_CONSENT),
    )
    return next((why for holds, why in reasons if holds), None)
