"""Spreading a backlog over time, so that resuming does not send everything in one burst. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Any
from zoneinfo import ZoneInfo

from aftercare.timing import QuietHours, after_quiet_hours

FASTEST = 600
"""Messages a minute: the highest pace to choose, besides "at once"."""

ROOM = timedelta(minutes=10)
"""What is left of a window, where it is long enough, to a message that would wait too long for its turn: due
at its very end, it would be missed."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A message of the backlog. It may go from ``due_at`` on, and not after ``latest_at``.

    ``quiet`` are the hours, on the clock of ``zone``, that it spares if its window allows; None for none.
    """

    key: Any
    safety_critical: bool
    due_at: datetime
    latest_at: datetime
    zone: ZoneInfo
    quiet: QuietHours | None = None

    def opens(self, at: datetime) -> datetime:
        """The first instant from ``at`` on at which it may go."""
        at = max(self.due_at, at)
        return after_quiet_hours(at, self.latest_at, self.zone, self.quiet) if at <= self.latest_at else at

    def turn(self, at: datetime, *, now: datetime) -> datetime:
        """When it goes if its turn comes at ``at``: then, or as much sooner as its window needs."""
        return self.opens(max(now, min(at, self.latest_at - ROOM)))


def spread(rows: Iterable[Waiting], *, now: datetime, per_minute: int | None) -> dict[Any, datetime]:
    """When each message goes, by its key: at once if ``per_minute`` is None, else so many a minute.

    The k-th (from 0) goes at ``now`` + k * 60 / ``per_minute`` seconds: the safety-critical first, then those
    whose window ends soonest; while none of them may go yet, nobody's turn comes. Never before a message's
    ``due_at`` and never after its ``latest_at``: what would wait for too long goes as early as it must. A
    message whose window has passed gets no time. Raises ValueError for a pace below 1 or above FASTEST.
    """
    if per_minute is not None and not 1 <= per_minute <= FASTEST:
        raise ValueError(f"A pace of {per_minute} a minute is not between 1 and {FASTEST}.")
    gap = timedelta(minutes=1) / per_minute if per_minute else timedelta()
    in_time = [row for row in rows if row.latest_at >= now]
    closed = [(row.opens(now), place) for place, row in enumerate(in_time)]
    heapify(closed)
    ready: list[tuple[bool, datetime, datetime, int]] = []
    times: dict[Any, datetime] = {}
    at = now
    while closed or ready:
        at = at if ready else max(at, closed[0][0])
        while closed and closed[0][0] <= at:
            _opened, place = heappop(closed)
            heappush(ready, _rank(in_time[place], place))
        row = in_time[place := heappop(ready)[-1]]
        if at <= row.latest_at and (opens := row.opens(at)) > at:  # quiet hours began while it waited
            heappush(closed, (opens, place))
            continue
        times[row.key] = row.turn(at, now=now)
        at += gap
    return times


def _rank(row: Waiting, place: int) -> tuple[bool, datetime, datetime, int]:
    return not row.safety_critical, row.latest_at, row.due_at, place
