"""Treatments, steps and quiet hours, drawn close to clock changes: where the mistakes are."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from aftercare.timing import Elapsed, QuietHours, Slot, WallTime, When, slot
from tests.timing.oracle import FIRST, LAST, MINUTE, ZONES, changes

DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class Plan:
    """The arguments of ``slot``."""

    when: When
    ended_at: datetime
    zone: ZoneInfo
    quiet: QuietHours | None
    now: datetime

    def slot(self) -> Slot:
        return slot(self.when, ended_at=self.ended_at, zone=self.zone, quiet=self.quiet, now=self.now)

    def seen_at(self, now: datetime) -> "Plan":
        return replace(self, now=now)


wall_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
quiet_hours = st.just(QuietHours(time(21), time(8))) | st.builds(QuietHours, wall_times, wall_times)


@st.composite
def moments(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and a whole minute (UTC), half of the time within two days of a change of its clock."""
    key = draw(st.sampled_from(ZONES))
    anywhere = st.integers(0, (LAST - FIRST) // MINUTE).map(lambda minutes: FIRST + minutes * MINUTE)
    if not changes(key):
        return ZoneInfo(key), draw(anywhere)
    near = st.builds(
        lambda change, minutes: change + minutes * MINUTE,
        st.sampled_from(changes(key)),
        st.integers(-2 * DAY_MINUTES, 2 * DAY_MINUTES),
    )
    return ZoneInfo(key), draw(near | anywhere)


@st.composite
def elapsed_steps(draw: st.DrawFn) -> Elapsed:
    minutes = draw(st.integers(0, 3 * DAY_MINUTES) | st.integers(0, 40 * DAY_MINUTES))
    return Elapsed(minutes, minutes + draw(st.integers(0, 2 * DAY_MINUTES)))


@st.composite
def wall_time_steps(draw: st.DrawFn) -> WallTime:
    day, at, until = draw(st.integers(0, 3) | st.integers(0, 40)), draw(wall_times), draw(wall_times)
    later = draw(st.integers(0, 2))
    if later == 0:
        at, until = min(at, until), max(at, until)
    return WallTime(day, at, day + later, until)


@st.composite
def plans(draw: st.DrawFn, late: bool = True) -> Plan:
    """A step of a treatment, planned at its end or, if ``late``, often some time after it."""
    zone, ended_at = draw(moments())
    delays = st.just(0) | st.integers(0, 4 * DAY_MINUTES) | st.integers(0, 45 * DAY_MINUTES)
    delay = draw(delays) if late else 0
    return Plan(
        when=draw(elapsed_steps() | wall_time_steps()),
        ended_at=ended_at,
        zone=zone,
        quiet=draw(st.none() | quiet_hours),
        now=ended_at + timedelta(minutes=delay),
    )


def utc(text: str) -> datetime:
    """``2026-03-29 01:00`` as an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
