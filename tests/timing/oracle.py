"""The slow and obvious way: watch the zone's clock, minute by minute.

Nothing here knows offsets before and after, folds or gaps. It needs instants and wall times on whole minutes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

ZONES = sorted(available_timezones())
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2030, 12, 31, 23, 59, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def clock(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def watch(instant: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Each minute from the instant on, with what the clock shows."""
    while True:
        yield instant, clock(instant, zone)
        instant += MINUTE


def first_showing(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first minute at which the clock shows that wall time or a later one."""
    earliest = wall.replace(tzinfo=UTC) - 15 * HOUR  # no zone is 15 hours ahead
    return next(instant for instant, shown in watch(earliest, zone) if shown >= wall)


def is_quiet(at: time, start: time, end: time) -> bool:
    asked, begins, ends = (moment.hour * 60 + moment.minute for moment in (at, start, end))
    return (asked - begins) % 1440 < (ends - begins) % 1440


def quiet_over(instant: datetime, zone: ZoneInfo, start: time, end: time) -> datetime:
    """From within quiet hours: the next minute at which the clock shows their end, or has jumped over it."""
    before = clock(instant, zone)
    for later, shown in watch(instant, zone):
        at_end = shown.time() == end or shown - before > MINUTE
        if at_end and not is_quiet(shown.time(), start, end):
            return later
        before = shown
    raise AssertionError("a clock never stops")


@cache
def changes(key: str) -> list[datetime]:
    """The first minute of each new offset of the zone from 2024 to 2030."""
    zone = ZoneInfo(key)
    found = []
    day, known = FIRST, _ahead(FIRST, zone)
    while day < LAST:
        before, known = known, _ahead(day + DAY, zone)
        if before != known:
            hour = next(
                day + n * HOUR for n in range(24) if _moved(day + n * HOUR, day + (n + 1) * HOUR, zone)
            )
            found.append(
                next(hour + n * MINUTE for n in range(1, 61) if _moved(hour, hour + n * MINUTE, zone))
            )
        day += DAY
    return found


def _moved(one: datetime, other: datetime, zone: ZoneInfo) -> bool:
    return _ahead(one, zone) != _ahead(other, zone)


def _ahead(instant: datetime, zone: ZoneInfo) -> timedelta:
    return clock(instant, zone) - instant.replace(tzinfo=None)
