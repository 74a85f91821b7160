"""What a change of steps, of a patient or of a clinic would do to planned messages, before it is saved.

The same code as replanning decides about what is tried in memory. Reads only, and locks nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from aftercare.clinics.models import Clinic, Patient
from aftercare.outbox.forecasting import PlannedMessage
from aftercare.outbox.freeing import foresee_unplanned
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.promising import for_planning, is_new, plans_and_rows
from aftercare.outbox.replanning import CHUNK, may_still_change
from aftercare.outbox.revising import UNSENT, Revision, revise
from aftercare.protocols.models import Protocol, ProtocolStep
from aftercare.treatments.models import SessionState, TreatmentSession

MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Moved:
    """One message with its time now and the time it would get; None where it is not, or no more, promised."""

    message: ScheduledMessage | None
    step: ProtocolStep
    session: TreatmentSession
    before: datetime | None
    after: datetime | None


@dataclass
class Foreseen:
    """How many messages would move, be promised anew, stop, be missed, held or released; the first of them.

    ``at_once``: how many of those would go at once that wait now.
    """

    moved: int = 0
    added: int = 0
    stopped: int = 0
    missed: int = 0
    held: int = 0
    released: int = 0
    at_once: int = 0
    examples: list[Moved] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.total > 0

    @property
    def total(self) -> int:
        return self.moved + self.added + self.stopped + self.missed + self.held + self.released

    def note(self, kind: str, change: Moved, *, now: datetime) -> None:
        setattr(self, kind, getattr(self, kind) + 1)
        waits = kind == "released" or change.before is None or change.before > now
        self.at_once += change.after is not None and change.after <= now and waits and kind != "held"
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(change)


def foresee(protocol: Protocol, steps: Sequence[ProtocolStep], *, now: datetime) -> Foreseen:
    """What saving these steps would do to the messages of the protocol's sessions, as seen at ``now``.

    Steps that are not stored yet have no id; those missing from ``steps`` would be removed.
    """
    tried = _with_ids(steps)
    trial = Protocol.objects.get(pk=protocol.pk)
    trial._prefetched_objects_cache = {"steps": tried}  # type: ignore[attr-defined] # read by forecasting

    def try_it(session: TreatmentSession) -> None:
        session.protocol = trial

    return _foresee(Q(protocol=protocol), [*tried, *protocol.steps.all()], try_it, now)


def foresee_patient(patient: Patient, *, now: datetime) -> Foreseen:
    """What saving the patient as they are in memory would do to the messages promised to them."""

    def try_it(session: TreatmentSession) -> None:
        session.patient = patient

    steps = ProtocolStep.objects.filter(protocol__clinic=patient.clinic_id)
    return _foresee(Q(patient=patient.pk), steps, try_it, now)


def foresee_clinic(clinic: Clinic, *, now: datetime) -> Foreseen:
    """What saving the clinic as it is in memory would do to the messages promised to its patients."""

    def try_it(session: TreatmentSession) -> None:
        session.clinic = session.patient.clinic = clinic

    steps = ProtocolStep.objects.filter(protocol__clinic=clinic.pk)
    return _foresee(Q(clinic=clinic.pk), steps, try_it, now)


def _foresee(
    which: Q, steps: Iterable[ProtocolStep], try_it: Callable[[TreatmentSession], None], now: datetime
) -> Foreseen:
    ids, found = may_still_change(which, steps, now=now), Foreseen()
    for start in range(0, len(ids), CHUNK):
        chunk = TreatmentSession.objects.filter(pk__in=ids[start : start + CHUNK])
        sessions = list(for_planning(chunk.filter(state=SessionState.COMPLETED)))
        for session in sessions:
            try_it(session)
        _note_all(found, sessions, now)
    return found


def _with_ids(steps: Iterable[ProtocolStep]) -> list[ProtocolStep]:
    """Copies, in order, each with an id of its own: below zero for those that are not stored."""
    tried = [ProtocolStep(**_fields(step)) for step in sorted(steps, key=lambda step: step.number)]
    for number, step in enumerate(tried, start=1):
        step.pk = step.pk or -number
    return tried


def _fields(step: ProtocolStep) -> dict[str, object]:
    return {each.attname: getattr(step, each.attname) for each in ProtocolStep._meta.concrete_fields}


def _note_all(found: Foreseen, sessions: list[TreatmentSession], now: datetime) -> None:
    plans, rows, unplanned = plans_and_rows(sessions, now=now)
    for session in sessions:
        for kind, change in _changes(session, plans[session.pk], rows.get(session.pk, {}), now):
            found.note(kind, change, now=now)
    for kind, row in foresee_unplanned(unplanned, sessions, now=now):
        found.note(kind, Moved(row, row.step, row.session, row.send_at, row.send_at), now=now)


def _changes(
    session: TreatmentSession, plan: list[PlannedMessage], rows: dict[int, ScheduledMessage], now: datetime
) -> Iterator[tuple[str, Moved]]:
    by_step = {planned.step.pk: planned for planned in plan}
    for step_id, row in rows.items():
        revision = revise(row, by_step.get(step_id), now=now)
        if revision is not None and (kind := _kind(row, revision)):
            after = None if kind in ("stopped", "missed") else revision.fields.get("send_at")
            before = row.send_at if row.status in UNSENT else None
            yield kind, Moved(row, row.step, session, before, after)
    for planned in plan:
        if planned.step.pk not in rows and is_new(planned, completing=False):
            yield "added", Moved(None, planned.step, session, None, planned.send_at)


def _kind(row: ScheduledMessage, revision: Revision) -> str:
    """What it comes to for whoever waits for the message; empty if it goes when and as it would anyway."""
    going, goes = row.status in UNSENT, revision.to in UNSENT
    if going and goes:
        fields = {"send_at": row.send_at, "latest_at": row.latest_at, **revision.fields}
        if (fields["send_at"], fields["latest_at"]) != (row.send_at, row.latest_at):
            return "moved"
        if (row.status == Status.HELD) == (revision.to == Status.HELD):
            return ""
        return "held" if revision.to == Status.HELD else "released"
    if going:
        return "missed" if revision.to == Status.MISSED else "stopped"
    return "added" if goes else ""
