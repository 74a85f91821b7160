"""What is counted of check-ins and concerns, of a whole clinic and of each group of its sessions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, CharField, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.lookups import LessThanOrEqual

from aftercare.checkins.hiding import Cell, Key, Sum
from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn, Concern
from aftercare.clinics.models import Clinic
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.protocols.models import PLANNED_KINDS
from aftercare.treatments.depth import LIGHT_UP_TO_MM, MEDIUM_UP_TO_MM, DepthBand
from aftercare.treatments.models import TreatedArea

DAYS = ((0, 1), (2, 3), (4, 7), (8, 14), (15, 28), (29, 400))
CALLED = tuple(level for level in reversed(Level) if level is not Level.NONE)
GROUPS = {
    "protocol": "session__protocol__name",
    "depth": "",
    "practitioner": "session__practitioner__name",
    "lot": "session__cartridge_lot",
}
"""By what sessions are put into groups; the depth's band is worked out."""
ANSWERED = Q(answered_at__isnull=False) | ~Q(level=Level.NONE)
"""Finished, or begun with an answer that needs a human."""


class Handled(NamedTuple):
    """What became of a concern, and when."""

    patient: int
    level: str
    raised_at: datetime
    due_at: datetime
    acknowledged_at: datetime | None
    closed_at: datetime | None


class Counts:
    """The cells of a clinic and of its groups, and what became of their concerns."""

    def __init__(self) -> None:
        self.cells: dict[Key, Cell] = defaultdict(Cell)
        self.handled: dict[tuple[str | None, str], list[Handled]] = defaultdict(list)
        self.groups: set[str] = set()

    def add(
        self, group: str | None, patients: Sequence[int], what: str, *, level: str = "", days: int = -1
    ) -> None:
        """Counts one for each of the patients: for the clinic and, if there is one, for the group."""
        for one in {None, group}:
            self.cells[Key(one, what, level, days)].add(patients)
        if group is not None:
            self.groups.add(group)

    def sums(self) -> Iterator[Sum]:
        """All by which one number follows from others, the clinic's own first."""
        for group in (None, *sorted(self.groups)):
            yield from _sums_within(group)
        if self.groups:
            for whole in [key for key in self.cells if key.group is None]:
                yield Sum(whole, [whole._replace(group=group) for group in sorted(self.groups)])


def count(clinic: Clinic, *, since: datetime, by: str | None) -> Counts:
    """Reads three times, whatever is stored: what was asked, answered, and needed a human since then."""
    counts, group = Counts(), _group(clinic, by)
    _count_asked(counts, _asked(clinic, since), group)
    _count_levels(counts, CheckIn.objects.filter(ANSWERED, clinic=clinic, started_at__gte=since), group)
    _count_concerns(counts, Concern.objects.filter(clinic=clinic, opened_at__gte=since), group)
    return counts


def _sums_within(group: str | None) -> Iterator[Sum]:
    """“Well” is shown nowhere: it is what answers without a sign are, and follows from the others."""
    answered, well, flagged = Key(group, "answered"), Key(group, "well"), Key(group, "flagged")
    healthy = [Key(group, "level", Level.NONE, day) for day in range(len(DAYS))]
    worried = [Key(group, "level", level, day) for level in CALLED for day in range(len(DAYS))]
    concerns = [Key(group, "concerns", level) for level in CALLED]
    yield Sum(answered, [well, flagged])
    yield Sum(well, healthy)
    for parts in (worried, concerns):
        yield Sum(flagged, parts)
        yield Sum(answered, [*healthy, *parts])


def _count_asked(counts: Counts, asked: QuerySet[ScheduledMessage], group: Combinable) -> None:
    rows = asked.order_by().values_list("patient", group, "is_answered", "is_flagged")
    for (name, answered, flagged), patients in _alike(rows):
        counts.add(name, patients, "patients")
        counts.add(name, patients, "asked")
        if answered:
            counts.add(name, patients, "answered")
            counts.add(name, patients, "flagged" if flagged else "well")


def _count_levels(counts: Counts, answers: QuerySet[CheckIn], group: Combinable) -> None:
    rows = answers.order_by().values_list("patient", group, "day", "level")
    for (name, day, level), patients in _alike(rows):
        days = next((number for number, (_first, last) in enumerate(DAYS) if day <= last), len(DAYS) - 1)
        counts.add(name, patients, "level", level=level, days=days)


def _count_concerns(counts: Counts, concerns: QuerySet[Concern], group: Combinable) -> None:
    for name, *fields in concerns.order_by().values_list(group, *Handled._fields).iterator():
        handled = Handled(*fields)
        counts.add(name, [handled.patient], "concerns", level=handled.level)
        for one in {None, name}:
            counts.handled[one, handled.level].append(handled)


def _alike(rows: QuerySet[Any, tuple[Any, ...]]) -> Iterable[tuple[tuple[Any, ...], list[int]]]:
    """What stands behind the patient in each row, with the patients of the rows in which it does."""
    found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for row in rows.iterator():
        found[row[1:]].append(row[0])
    return found.items()


def _asked(clinic: Clinic, since: datetime) -> QuerySet[ScheduledMessage]:
    mine = CheckIn.objects.filter(ANSWERED, message=OuterRef("pk"), clinic=clinic)
    rows = ScheduledMessage.objects.filter(
        clinic=clinic,
        status=Status.SENT,
        sent_at__gte=since,
        step__template__asks_check_in=True,
        step__kind__in=PLANNED_KINDS,
    )
    return rows.annotate(is_answered=Exists(mine), is_flagged=Exists(mine.exclude(level=Level.NONE)))


def _group(clinic: Clinic, by: str | None) -> Combinable:
    """What a row's session is counted under; nothing where nothing is split."""
    if by == "depth":
        return _band(clinic)
    return F(GROUPS[by]) if by else Value(None, output_field=CharField())


def _band(clinic: Clinic) -> Combinable:
    areas = TreatedArea.objects.filter(session=OuterRef("session"), session__clinic=clinic)
    deepest = Subquery(areas.order_by().values("session").annotate(most=Max("depth_mm")).values("most"))
    return Case(
        When(LessThanOrEqual(deepest, LIGHT_UP_TO_MM), then=Value(DepthBand.LIGHT.value)),
        When(LessThanOrEqual(deepest, MEDIUM_UP_TO_MM), then=Value(DepthBand.MEDIUM.value)),
        When(Exists(areas), then=Value(DepthBand.DEEP.value)),
        default=Value(""),
    )
