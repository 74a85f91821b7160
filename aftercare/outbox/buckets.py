"""Token buckets: how many messages a limit lets go now. Pure: no row, no clock.

In any span of T seconds at most ``a_second`` * T + ``capacity`` go, and in a day of UTC at most ``a_day``.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from math import floor

BURST_SECONDS = 0.2
"""A full bucket holds what may go in so long, so that no burst is worth more than a fifth of a second."""

LONGEST_LAG = timedelta(minutes=1)
"""How far behind the bucket a caller's ``now`` may be, who read the clock and then waited for its row."""

_ROUNDING = timedelta(milliseconds=2)  # waiting a little too long is better than finding 0.9999 of a token


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many messages a second and a day of UTC; None for no such limit."""

    a_second: float | None = None
    a_day: int | None = None

    @property
    def capacity(self) -> float:
        """The most tokens a bucket holds: at least one, or nothing would ever go."""
        return max(1.0, (self.a_second or 0.0) * BURST_SECONDS)

    def __bool__(self) -> bool:
        return self.a_second is not None or self.a_day is not None


@dataclass(frozen=True, slots=True)
class Bucket:
    """``tokens`` were there at ``filled_at``; ``taken_today`` went on the UTC day ``day``. Starts empty."""

    tokens: float
    filled_at: datetime
    day: date
    taken_today: int

    def filled(self, limit: Limit, *, now: datetime) -> "Bucket":
        """The bucket as it is at ``now``.

        A clock that was set back adds nothing: within LONGEST_LAG the bucket waits for it to catch up, else
        it begins anew, empty, with what went today still counted.
        """
        if now < self.filled_at - LONGEST_LAG:
            return replace(self, tokens=0.0, filled_at=now, day=utc_day(now))
        now = max(now, self.filled_at)
        tokens = 0.0
        if limit.a_second is not None:
            gained = limit.a_second * (now - self.filled_at).total_seconds()
            tokens = min(limit.capacity, self.tokens + gained)
        day = max(utc_day(now), self.day)
        taken = self.taken_today if day == self.day else 0
        return Bucket(tokens, now, day, taken)

    def allows(self, limit: Limit) -> int | None:
        """How many messages may go now, of a bucket that was just filled; None for any number."""
        bounds = []
        if limit.a_second is not None:
            bounds.append(floor(self.tokens))
        if limit.a_day is not None:
            bounds.append(limit.a_day - self.taken_today)
        return max(0, min(bounds)) if bounds else None

    def wait(self, limit: Limit) -> timedelta | None:
        """How long after ``filled_at`` the next message may go; None if one may go now."""
        if self.allows(limit) != 0:
            return None
        if limit.a_day is not None and self.taken_today >= limit.a_day:
            return datetime.combine(self.day + timedelta(days=1), time(), UTC) - self.filled_at
        return timedelta(seconds=(1.0 - self.tokens) / (limit.a_second or 1.0)) + _ROUNDING

    def without(self, count: int, limit: Limit) -> "Bucket":
        """The bucket after ``count`` messages went. Raises ValueError for more than it allows."""
        allowed = self.allows(limit)
        if count < 0 or (allowed is not None and count > allowed):
            raise ValueError(f"{count} messages were taken where {allowed} were allowed.")
        tokens = self.tokens - count if limit.a_second is not None else self.tokens
        return replace(self, tokens=tokens, taken_today=self.taken_today + count)


def utc_day(instant: datetime) -> date:
    return instant.astimezone(UTC).date()
