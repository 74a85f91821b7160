"""What storing a file's sessions would do to messages, before it is done. Reads only.

The same code as planning decides, about sessions in memory.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aftercare.clinics.models import Clinic
from aftercare.outbox.forecasting import PlannedMessage, SessionFacts, forecast, undo_time
from aftercare.outbox.importing.parsing import ParsedRow
from aftercare.outbox.importing.slicing import in_chunks
from aftercare.outbox.importing.telling import missed_near
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.revising import UNSENT
from aftercare.outbox.superseding import Place, course_of
from aftercare.treatments.models import TreatmentSession

_Course = list[tuple[tuple[datetime, float], TreatmentSession]]
"""A patient's sessions, stored and new, by when they ended; then as they stand in the file."""


TOLD = {True: "told", False: "untold", None: "nothing_to_tell"}


@dataclass(frozen=True)
class Expected:
    """How many messages leave at once (as soon as the completions cannot be undone any more), come later, are
    held, are missed and so never sent, and are superseded by a newer session of the patient.

    ``told``: of how many sessions staff are told that they missed a safety message; ``untold``: of how many
    not, as that is too long ago.
    """

    at_once: int
    later: int
    held: int
    missed: int
    superseded: int
    told: int
    untold: int


def expect(rows: Sequence[ParsedRow], *, clinic: Clinic, now: datetime) -> Expected:
    """Of the rows that would be stored: each with its patient found."""
    courses, counted = _courses(rows, clinic), Counter[str]()
    leaves = now + undo_time(clinic)
    for row in rows:
        newer = _newer(row, courses[id(row.patient)])
        plan = _plan(row, newer, now)
        counted.update(_kind(planned, leaves) for planned in plan)
        counted[TOLD[missed_near(plan, now=now)]] += 1
    counted["superseded"] += _superseded(rows)
    kinds = ("at_once", "later", "held", "missed", "superseded", "told", "untold")
    return Expected(**{kind: counted[kind] for kind in kinds})


def _kind(planned: PlannedMessage, leaves: datetime) -> str:
    if planned.status == Status.SCHEDULED:
        return "at_once" if planned.due_at <= leaves else "later"
    return str(planned.status)


def _plan(row: ParsedRow, newer: Sequence[TreatmentSession], now: datetime) -> list[PlannedMessage]:
    session = row.session
    facts = SessionFacts(
        patient=row.patient, protocol=session.protocol, ended_at=session.ended_at, newer=tuple(newer)
    )
    return forecast(facts, now=now)


def _courses(rows: Sequence[ParsedRow], clinic: Clinic) -> dict[int, _Course]:
    """By the patient's identity in memory: a new one has no other."""
    courses: dict[int, _Course] = defaultdict(list)
    patients = {row.patient.pk: row.patient for row in rows if row.patient.pk is not None}
    for ids in in_chunks(patients):
        for pk, stored in course_of(ids, clinics=[clinic.pk]).items():
            courses[id(patients[pk])] += [((each.ended_at, 0), each) for each in stored]
    for row in rows:
        courses[id(row.patient)].append(((row.session.ended_at, row.line), row.session))
    for course in courses.values():
        course.sort(key=lambda placed: placed[0])
    return courses


def _newer(row: ParsedRow, course: _Course) -> list[TreatmentSession]:
    mine = (row.session.ended_at, row.line)
    return [session for place, session in course if place > mine]


def _superseded(rows: Sequence[ParsedRow]) -> int:
    """How many unsent messages of stored sessions the new ones take over."""
    new: dict[int, list[TreatmentSession]] = defaultdict(list)
    for row in rows:
        if row.patient.pk is not None:
            new[row.patient.pk].append(row.session)
    return sum(_taken_over(row, new[row.patient_id]) for ids in in_chunks(new) for row in _unsent(ids))


def _unsent(ids: Sequence[int]) -> Iterable[ScheduledMessage]:
    rows = ScheduledMessage.objects.filter(patient__in=ids, status__in=UNSENT)
    return rows.select_related("step", "session__protocol", "patient__clinic")


def _taken_over(row: ScheduledMessage, newer: Iterable[TreatmentSession]) -> bool:
    zone, older = row.patient.zone, Place.of(row.session, row.patient.zone)
    later = (each for each in newer if each.ended_at >= row.session.ended_at)
    return any(Place.of(session, zone).takes_over(row.step, older) for session in later)
