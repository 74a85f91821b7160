"""Whether and until when somebody is on duty: pure functions over a week's hours and closed days."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aftercare.timing import localise

LOOK_AHEAD_DAYS = 60
"""A clinic that stays closed longer than this has no next opening."""
_ONE_DAY = timedelta(days=1)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Hours:
    """One stretch of a weekday (Monday is 0), in wall times; ``closes`` is no longer open."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Duty:
    """The hours of a clinic's week in its zone, and the dates on which it stays closed."""

    zone: ZoneInfo
    hours: tuple[Hours, ...]
    closed_on: frozenset[date] = field(default_factory=frozenset)

    def covers(self, at: datetime) -> bool:
        """Whether somebody is on duty at that instant."""
        return any(start <= at < end for start, end in self._spans(at, days=1))

    def last_covered(self, *, since: datetime, until: datetime) -> datetime | None:
        """The latest instant between the two, ``until`` included, by which somebody was still on duty.

        The moment of closing counts: whoever must call by then can.
        """
        days = (until - since).days + 2
        found = [min(end, until) for start, end in self._spans(since, days=days) if start <= until]
        return max((at for at in found if at > since), default=None)

    def covers_some_of(self, *, since: datetime, until: datetime) -> bool:
        """Whether somebody is on duty at any time between the two."""
        days = (until - since).days + 2
        return any(start < until and since < end for start, end in self._spans(since, days=days))

    def next_opening(self, after: datetime) -> datetime | None:
        """The first instant from ``after`` on at which somebody is on duty: itself, if somebody is."""
        for start, end in self._spans(after, days=LOOK_AHEAD_DAYS):
            if after < end:
                return max(start, after)
        return None

    def next_start(self, after: datetime) -> datetime | None:
        """When somebody comes on duty after that instant, whoever is there then."""
        spans = self._spans(after, days=LOOK_AHEAD_DAYS)
        return next((start for start, _end in spans if start > after), None)

    def _spans(self, first: datetime, *, days: int) -> Iterator[Span]:
        """The stretches of duty on the local days from that of ``first`` on, in order."""
        today = first.astimezone(self.zone).date()
        for number in range(days):
            yield from sorted(self._spans_on(today + number * _ONE_DAY))

    def _spans_on(self, day: date) -> Iterator[Span]:
        if day in self.closed_on:
            return
        for one in self.hours:
            if one.weekday == day.weekday():
                start, end = (localise(day, at, self.zone)[0] for at in (one.opens, one.closes))
                if start < end:  # a clock that jumps over all of it leaves nothing
                    yield start, end
