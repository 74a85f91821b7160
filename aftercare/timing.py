"""When a message goes: pure functions over instants, dates and wall times.

No clock and no database: callers pass ``now``. Instants come in aware, in any zone, and go out in UTC;
days and times of day belong to the wall clock of the zone passed with them. Arithmetic is done on instants
in UTC, because Python adds wall time when both ends share a zone.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

#: From so many hours on, advice names a date only: nobody waits three days by the half hour.
DATE_ONLY_FROM_HOURS = 72
_ADVICE_STEP = timedelta(minutes=30)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Elapsed:
    """So many minutes after the treatment ended, until ``latest_minutes`` after it: DST never touches it."""

    minutes: int
    latest_minutes: int

    def __post_init__(self) -> None:
        if self.minutes < 0:
            raise ValueError(f"A step cannot come {-self.minutes} minutes before the treatment ended.")
        if self.latest_minutes < self.minutes:
            raise ValueError(
                f"The end of the window ({self.latest_minutes} minutes) must not come "
                f"before the step's own time ({self.minutes} minutes)."
            )


@dataclass(frozen=True, slots=True)
class WallTime:
    """Day N after the local date on which the treatment ended, at a time of the zone's wall clock."""

    day: int
    at: time
    latest_day: int
    latest_at: time

    def __post_init__(self) -> None:
        if self.day < 0:
            raise ValueError(f"A step cannot come {-self.day} days before the treatment.")
        if (self.latest_day, self.latest_at) < (self.day, self.at):
            raise ValueError(
                f"The end of the window (day {self.latest_day}, {self.latest_at:%H:%M}) must not come "
                f"before the step's own time (day {self.day}, {self.at:%H:%M})."
            )


When: TypeAlias = Elapsed | WallTime


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Wall times between which nobody is disturbed: ``start`` is quiet, ``end`` no longer.

    They may span midnight. The same time twice means no quiet hours.
    """

    start: time
    end: time

    def covers(self, at: time) -> bool:
        """Whether the wall clock reads a quiet time; in an hour that comes twice, both are."""
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


class SlotStatus(StrEnum):
    """Whether a message still goes. The values are those of a scheduled message's status."""

    scheduled = "scheduled"
    missed = "missed"


class Reason(StrEnum):
    """Why a message does not simply go at its own time."""

    gap = "gap"  # that wall time does not exist on that day
    fold = "fold"  # that wall time comes twice on that day
    late_entry = "late_entry"  # its time had passed when it was planned, its window had not
    quiet_hours = "quiet_hours"  # moved to the end of quiet hours
    quiet_hours_kept = "quiet_hours_kept"  # sent in quiet hours: their end comes after its window
    window_passed = "window_passed"  # too late to be of use


@dataclass(frozen=True, slots=True)
class Slot:
    """A message's place in time; all instants in UTC.

    ``planned_at`` is the step's own time, before lateness or quiet hours moved it; ``send_at`` may still
    be ``latest`` itself. A missed slot keeps ``planned_at`` as its ``send_at``.
    """

    planned_at: datetime
    send_at: datetime
    latest: datetime
    status: SlotStatus
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class FromWhen:
    """A local date, and for short waits a wall time, from which something is allowed again."""

    on: date
    at: time | None


def localise(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, Reason | None]:
    """The first instant (UTC) at which the zone's clock shows that day and time, or has passed them.

    A wall time that does not exist becomes the first instant after the gap, however long the gap is; one
    that comes twice, the first. The reason says which of the two happened. Raises ValueError if ``at``
    carries a zone of its own.
    """
    if at.tzinfo is not None:
        raise ValueError("Give the time of day without a zone: it is read in the patient's zone.")
    return _localised(day, at.replace(fold=0), zone)


@lru_cache(maxsize=4096)  # most of those treated on a day wait until the same days and half hours
def _localised(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, Reason | None]:
    wall = datetime.combine(day, at)
    # PEP 495: fold=0 reads an ambiguous or missing time by the offset before the change, fold=1 after it.
    by_old_offset = wall.replace(tzinfo=zone).astimezone(UTC)
    by_new_offset = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if by_old_offset == by_new_offset:
        return by_old_offset, None
    if by_old_offset < by_new_offset:
        return by_old_offset, Reason.fold
    return _gap_end(wall, zone, by_new_offset, by_old_offset), Reason.gap


def slot(when: When, *, ended_at: datetime, zone: ZoneInfo, quiet: QuietHours | None, now: datetime) -> Slot:
    """When a step's message goes for a treatment that ended at ``ended_at``, as seen at ``now``.

    Quiet hours are a courtesy: they delay a message within its window and never cost it. Pass
    ``quiet=None`` for exempt steps. Planning again at any time up to ``send_at`` gives the same ``send_at``.
    Nothing goes before the treatment has ended. Raises ValueError for naive instants.
    """
    ended = _utc(ended_at, "ended_at")
    earliest = max(_utc(now, "now"), ended)
    planned, latest, odd = _window(when, ended, zone)
    reasons = [odd] if odd else []
    if earliest > latest:
        return Slot(planned, planned, latest, SlotStatus.missed, (*reasons, Reason.window_passed))
    send_at, moved = _spare_quiet_hours(planned, latest, zone, quiet)
    if send_at < earliest:
        reasons.append(Reason.late_entry)
        send_at, moved = _spare_quiet_hours(earliest, latest, zone, quiet)
    if moved:
        reasons.append(moved)
    return Slot(planned, send_at, latest, SlotStatus.scheduled, tuple(reasons))


def after_quiet_hours(
    instant: datetime, latest: datetime, zone: ZoneInfo, quiet: QuietHours | None
) -> datetime:
    """The instant itself, or the end of the quiet hours it falls into if that is not after ``latest``."""
    return _spare_quiet_hours(instant, latest, zone, quiet)[0]


def advice_instant(ended_at: datetime, hours: int, zone: ZoneInfo) -> FromWhen:
    """From when on something is allowed that must wait ``hours`` elapsed hours; never earlier than that.

    Rounded up to a half hour of the wall clock, from 72 hours on to a whole local date. Where the clock
    shows a time twice its first showing counts, because the reader cannot tell which is meant. Raises
    ValueError for a naive ``ended_at`` or negative hours.
    """
    if hours < 0:
        raise ValueError(f"A patient cannot wait {hours} hours.")
    instant = _utc(ended_at, "ended_at") + timedelta(hours=hours)
    if hours >= DATE_ONLY_FROM_HOURS:
        return FromWhen(_first_whole_day(instant, zone), None)
    wall = _first_half_hour(instant, zone)
    return FromWhen(wall.date(), wall.time())


def _utc(instant: datetime, name: str) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"{name} needs a time zone: {instant.isoformat()} could be any of 24 hours.")
    return instant.astimezone(UTC)


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _gap_end(wall: datetime, zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant, between one before the gap and one not before its end, at which the clock jumps."""
    # Clocks change on whole seconds, so the search runs over those.
    start = before.replace(microsecond=0)
    seconds = range(int((after - before).total_seconds()) + 1)
    jumped = bisect_left(
        seconds, True, key=lambda second: _wall(start + timedelta(seconds=second), zone) >= wall
    )
    return start + timedelta(seconds=jumped)


def _window(when: When, ended: datetime, zone: ZoneInfo) -> tuple[datetime, datetime, Reason | None]:
    if isinstance(when, Elapsed):
        planned = ended + timedelta(minutes=when.minutes)
        return planned, ended + timedelta(minutes=when.latest_minutes), None
    treated_on = _wall(ended, zone).date()
    planned, odd = localise(treated_on + timedelta(days=when.day), when.at, zone)
    latest, _ = localise(treated_on + timedelta(days=when.latest_day), when.latest_at, zone)
    return planned, latest, odd


def _spare_quiet_hours(
    instant: datetime, latest: datetime, zone: ZoneInfo, quiet: QuietHours | None
) -> tuple[datetime, Reason | None]:
    if quiet is None or not quiet.covers(_wall(instant, zone).time()):
        return instant, None
    ends = _quiet_end(instant, zone, quiet)
    return (ends, Reason.quiet_hours) if ends <= latest else (instant, Reason.quiet_hours_kept)


def _quiet_end(instant: datetime, zone: ZoneInfo, quiet: QuietHours) -> datetime:
    """The next instant at which the clock shows the end of quiet hours, or has jumped over it."""
    wall = _wall(instant, zone)
    while quiet.covers(wall.time()):  # again only where a skipped day lands in the next quiet hours
        day = wall.date() if wall.time() < quiet.end else wall.date() + _ONE_DAY
        ends, _ = localise(day, quiet.end, zone)
        if ends <= instant:  # the clock went back over their end: it comes a second time
            ends = datetime.combine(day, quiet.end.replace(fold=1), tzinfo=zone).astimezone(UTC)
        instant, wall = ends, _wall(ends, zone)
    return instant


def _first_half_hour(instant: datetime, zone: ZoneInfo) -> datetime:
    wall = _wall(instant, zone)
    midnight = datetime.combine(wall.date(), time())
    wall = midnight - (midnight - wall) // _ADVICE_STEP * _ADVICE_STEP  # floored below zero: rounds up
    shown, odd = localise(wall.date(), wall.time(), zone)
    while odd is Reason.gap or shown < instant:
        wall += _ADVICE_STEP
        shown, odd = localise(wall.date(), wall.time(), zone)
    return wall


def _first_whole_day(instant: datetime, zone: ZoneInfo) -> date:
    today = _wall(instant, zone).date()
    begins, _ = localise(today, time(), zone)
    if begins < instant:
        begins, _ = localise(today + _ONE_DAY, time(), zone)
    return _wall(begins, zone).date()  # read back, because a zone can skip a whole date
