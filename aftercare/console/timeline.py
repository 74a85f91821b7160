"""The picture of a plan: each step's window as a bar on one scale, nights shaded. Pure geometry, in per cent.

The first day matters by the hour and the fifth week by the week, so the scale has three parts: the first day,
the first week, and what comes after.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from aftercare.timing import QuietHours, localise

DAY, WEEK = timedelta(days=1), timedelta(days=7)
NARROWEST = 0.6
"""So much of the width a window takes at least, to be seen and touched."""


@dataclass(frozen=True)
class Placed:
    """One step to be drawn: when it is sent, and until when it may be."""

    name: str
    step_id: int | None
    send_at: datetime
    latest: datetime
    planned_at: datetime
    safety_critical: bool = False


@dataclass(frozen=True)
class Bar:
    placed: Placed
    left: float
    width: float
    own_time: float | None
    """Where it would be sent by its own time, if something moved it."""


@dataclass(frozen=True)
class Band:
    """Quiet hours, from and for so much of the width."""

    left: float
    width: float


@dataclass(frozen=True)
class Mark:
    at: float
    label: str


@dataclass(frozen=True)
class ClockChange:
    """The clocks of the zone go so many minutes forward, or back if below zero."""

    on: date
    minutes: int


@dataclass(frozen=True)
class Timeline:
    bars: list[Bar]
    nights: list[Band]
    marks: list[Mark]
    clock_changes: list[ClockChange]


class Scale:
    """From an instant to its place, in per cent of the width."""

    def __init__(self, start: datetime, end: datetime) -> None:
        length = max(end - start, timedelta(hours=1))
        self.start, self.length = start, length
        if length <= DAY:
            self._points = [(timedelta(), 0.0), (length, 100.0)]
        elif length <= WEEK:
            self._points = [(timedelta(), 0.0), (DAY, 35.0), (length, 100.0)]
        else:
            self._points = [(timedelta(), 0.0), (DAY, 25.0), (WEEK, 65.0), (length, 100.0)]

    def place(self, instant: datetime) -> float:
        since = min(max(instant - self.start, timedelta()), self.length)
        for (begins, left), (ends, right) in pairwise(self._points):
            if since <= ends:
                return round(left + (right - left) * ((since - begins) / (ends - begins)), 3)
        return 100.0


def draw(
    steps: Sequence[Placed], *, ended_at: datetime, zone: ZoneInfo, quiet: QuietHours | None
) -> Timeline:
    """The timeline of these steps for a treatment that ended then; nights are those of the zone's clock."""
    end = max((step.latest for step in steps), default=ended_at + DAY)
    scale = Scale(ended_at, end)
    return Timeline(
        bars=[_bar(step, scale) for step in steps],
        nights=list(_nights(ended_at, end, zone, quiet, scale)) if quiet else [],
        marks=list(_marks(scale)),
        clock_changes=list(clock_changes(zone, ended_at, end)),
    )


def clock_changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[ClockChange]:
    """The days between two instants on which the zone's clock is set forward or back."""
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        before, after = (_offset(each, zone) for each in (day, day + DAY))
        if before != after:
            yield ClockChange(day, int((after - before).total_seconds() // 60))
        day += DAY


def _offset(day: date, zone: ZoneInfo) -> timedelta:
    return datetime.combine(day, time(), tzinfo=zone).utcoffset() or timedelta()


def _bar(step: Placed, scale: Scale) -> Bar:
    left = min(scale.place(step.send_at), 100 - NARROWEST)
    width = max(scale.place(step.latest) - left, NARROWEST)
    moved = step.planned_at != step.send_at
    return Bar(step, left, round(width, 3), scale.place(step.planned_at) if moved else None)


def _nights(
    start: datetime, end: datetime, zone: ZoneInfo, quiet: QuietHours, scale: Scale
) -> Iterator[Band]:
    day = start.astimezone(zone).date() - DAY
    while day <= end.astimezone(zone).date():
        over_midnight = quiet.end <= quiet.start
        begins, _odd = localise(day, quiet.start, zone)
        ends, _odd = localise(day + DAY if over_midnight else day, quiet.end, zone)
        left, right = scale.place(begins), scale.place(min(ends, end))
        if right > left:
            yield Band(left, round(right - left, 3))
        day += DAY


def _marks(scale: Scale) -> Iterator[Mark]:
    yield Mark(0.0, _("End"))
    if timedelta(hours=12) < scale.length:
        yield Mark(scale.place(scale.start + timedelta(hours=12)), _("12 h"))
    whole = scale.length // DAY
    for day in (*range(1, 8), *range(14, whole + 1, 7)):
        if day <= whole:
            label = _("Day %(day)s") % {"day": day} if _is_named(day, whole) else ""
            yield Mark(scale.place(scale.start + timedelta(days=day)), label)


def _is_named(day: int, whole: int) -> bool:
    """Few enough that their names stand apart on a phone."""
    if day <= 7:
        return day in (1, 3, 7)
    return day % (28 if whole <= 120 else 84) == 0
