"""What a clinic can learn from its patients' answers: counts and times, none so small that it names one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Case, Count, Exists, Max, OuterRef, Q, QuerySet, Subquery, Value, When

from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn, Concern
from aftercare.clinics.models import Clinic
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.protocols.models import PLANNED_KINDS
from aftercare.treatments.depth import LIGHT_UP_TO_MM, MEDIUM_UP_TO_MM, DepthBand
from aftercare.treatments.models import TreatedArea

FEWEST = 5
"""Patients. Fewer than these stay hidden, in every number."""
DAYS = ((0, 1), (2, 3), (4, 7), (8, 14), (15, 28), (29, 400))
GROUPS = {
    "protocol": "session__protocol__name",
    "depth": "band",
    "practitioner": "session__practitioner__name",
    "lot": "session__cartridge_lot",
}


@dataclass(frozen=True, kw_only=True)
class Group:
    """Of the patients with one protocol, depth, practitioner or lot: how many answered, and how many worried.

    ``asked``, ``answered`` and ``flagged`` count check-ins; None where fewer than FEWEST patients are meant.
    """

    name: str
    patients: int | None
    asked: int | None = None
    answered: int | None = None
    flagged: int | None = None

    @property
    def rate(self) -> int | None:
        """Per cent of those asked that were answered."""
        return None if not self.asked or self.answered is None else round(100 * self.answered / self.asked)


@dataclass(frozen=True, kw_only=True)
class DayLine:
    """How many patients' answers came to which level, in some days after the treatment."""

    first: int
    last: int
    counts: dict[Level, int | None]


@dataclass(frozen=True, kw_only=True)
class Times:
    """How fast concerns of a level were acknowledged and closed: medians, and per cent in time."""

    level: Level
    concerns: int | None
    acknowledged: timedelta | None = None
    closed: timedelta | None = None
    in_time: int | None = None


@dataclass(frozen=True, kw_only=True)
class Learning:
    """All of it, for one clinic since one time."""

    whole: Group
    groups: dict[str, list[Group]]
    days: list[DayLine]
    times: list[Times]


def learn(clinic: Clinic, *, since: datetime) -> Learning:
    """Counts what was asked and answered since then. Reads seven times, whatever is stored."""
    asked = _asked(clinic, since)
    whole = _group("", asked.aggregate(**_counts()))
    return Learning(
        whole=whole,
        groups={kind: _groups(asked, path) for kind, path in GROUPS.items()},
        days=_days(clinic, since),
        times=_times(clinic, since),
    )


def at_least(count: int) -> int | None:
    """The count, or None if it is so small that it might name somebody."""
    return count if count >= FEWEST else None


def _asked(clinic: Clinic, since: datetime) -> QuerySet[ScheduledMessage]:
    mine = CheckIn.objects.filter(message=OuterRef("pk"), clinic=clinic)
    areas = TreatedArea.objects.filter(session=OuterRef("session"), session__clinic=clinic)
    deepest = areas.order_by().values("session").annotate(deepest=Max("depth_mm")).values("deepest")
    rows = ScheduledMessage.objects.filter(
        clinic=clinic,
        status=Status.SENT,
        sent_at__gte=since,
        step__template__asks_check_in=True,
        step__kind__in=PLANNED_KINDS,
    )
    return rows.annotate(
        is_answered=Exists(mine.filter(answered_at__isnull=False)),
        is_flagged=Exists(mine.exclude(level=Level.NONE)),
        deepest=Subquery(deepest),
        band=Case(
            When(deepest__lte=LIGHT_UP_TO_MM, then=Value(DepthBand.LIGHT.value)),
            When(deepest__lte=MEDIUM_UP_TO_MM, then=Value(DepthBand.MEDIUM.value)),
            default=Value(DepthBand.DEEP.value),
        ),
    ).order_by()


def _counts() -> dict[str, Count]:
    return {
        "patients": Count("patient", distinct=True),
        "asked": Count("pk"),
        "answered": Count("pk", filter=Q(is_answered=True)),
        "answerers": Count("patient", distinct=True, filter=Q(is_answered=True)),
        "flagged": Count("pk", filter=Q(is_flagged=True)),
        "worried": Count("patient", distinct=True, filter=Q(is_flagged=True)),
    }


def _groups(asked: QuerySet[ScheduledMessage], path: str) -> list[Group]:
    rows = asked.values(path).annotate(**_counts()).order_by(path)
    return [_group(str(row[path]), row) for row in rows]


def _group(name: str, row: dict[str, Any]) -> Group:
    """Each number by the patients behind it."""
    patients = at_least(row["patients"])
    if patients is None:
        return Group(name=name, patients=None)
    return Group(
        name=name,
        patients=patients,
        asked=row["asked"],
        answered=row["answered"] if at_least(row["answerers"]) else None,
        flagged=row["flagged"] if at_least(row["worried"]) else None,
    )


def _days(clinic: Clinic, since: datetime) -> list[DayLine]:
    finished = CheckIn.objects.filter(clinic=clinic, answered_at__gte=since).order_by()
    patients: dict[tuple[int, str], set[int]] = defaultdict(set)
    for day, level, patient in finished.values_list("day", "level", "patient").distinct():
        patients[_bucket(day), level].add(patient)
    return [
        DayLine(
            first=first, last=last, counts={level: at_least(len(patients[number, level])) for level in Level}
        )
        for number, (first, last) in enumerate(DAYS)
    ]


def _bucket(day: int) -> int:
    return next((number for number, (_first, last) in enumerate(DAYS) if day <= last), len(DAYS) - 1)


def _times(clinic: Clinic, since: datetime) -> list[Times]:
    rows: dict[str, list[Concern]] = defaultdict(list)
    for concern in Concern.objects.filter(clinic=clinic, opened_at__gte=since):
        rows[concern.level].append(concern)
    return [_times_of(level, rows[level]) for level in reversed(Level) if level is not Level.NONE]


def _times_of(level: Level, concerns: Sequence[Concern]) -> Times:
    if at_least(len({concern.patient_id for concern in concerns})) is None:
        return Times(level=level, concerns=None)
    acted = [one for one in concerns if one.acknowledged_at is not None]
    in_time = sum(one.acknowledged_at <= one.due_at for one in acted if one.acknowledged_at)
    return Times(
        level=level,
        concerns=len(concerns),
        acknowledged=_median(one.acknowledged_at - one.raised_at for one in acted if one.acknowledged_at),
        closed=_median(one.closed_at - one.raised_at for one in concerns if one.closed_at),
        in_time=round(100 * in_time / len(concerns)),
    )


def _median(waits: Iterable[timedelta]) -> timedelta | None:
    seconds = [wait.total_seconds() for wait in waits]
    return timedelta(seconds=median(seconds)) if len(seconds) >= FEWEST else None
