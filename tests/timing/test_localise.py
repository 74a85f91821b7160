"""A day and a wall time become an instant, in every zone."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from aftercare.timing import Reason, localise
from tests.timing.oracle import HOUR, MINUTE, ZONES, changes, clock, first_showing, watch
from tests.timing.strategies import moments, wall_times

SECOND = timedelta(seconds=1)


@settings(max_examples=250)
@given(moments(), wall_times)
def test_localise_any_zone_gives_first_showing_of_the_wall_time(moment, at):
    zone, instant = moment
    day = clock(instant, zone).date()

    found, _ = localise(day, at, zone)

    assert found == first_showing(datetime.combine(day, at), zone)
    assert found.tzinfo is UTC


@settings(max_examples=250)
@given(moments(), wall_times)
def test_localise_any_zone_keeps_the_wall_time_unless_it_says_gap(moment, at):
    zone, instant = moment
    wall = datetime.combine(clock(instant, zone).date(), at)

    found, reason = localise(wall.date(), at, zone)

    if reason is Reason.gap:
        assert clock(found - SECOND, zone) < wall < clock(found, zone)
        assert clock(found, zone) - clock(found - SECOND, zone) > SECOND
    else:
        assert clock(found, zone) == wall


@settings(max_examples=200)
@given(moments(), wall_times, wall_times)
def test_localise_two_wall_times_of_a_day_keep_their_order(moment, one, other):
    zone, instant = moment
    day = clock(instant, zone).date()

    first, second = (localise(day, at, zone)[0] for at in sorted((one, other)))

    assert first <= second


@pytest.mark.parametrize("key", ZONES)
def test_localise_around_every_change_of_the_clock_agrees_with_watching_it(key):
    zone = ZoneInfo(key)
    for change in changes(key):
        seen = list(islice(watch(change - 3 * HOUR, zone), 7 * 60))
        times_shown = Counter(wall for _, wall in seen)
        for wall in _walls_around(change, zone):
            expected = next(instant for instant, reading in seen if reading >= wall)
            odd = {0: Reason.gap, 1: None, 2: Reason.fold}[times_shown[wall]]

            assert localise(wall.date(), wall.time(), zone) == (expected, odd), (wall, key)


def _walls_around(change: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every quarter of an hour, and to the minute at the edges of what is skipped or repeated."""
    edges = [clock(change - MINUTE, zone) + MINUTE, clock(change, zone)]
    first, last = min(edges) - HOUR, max(edges) + HOUR
    spaced = [first + n * 15 * MINUTE for n in range((last - first) // (15 * MINUTE) + 1)]
    return spaced + [edge - MINUTE for edge in edges]


def test_localise_time_with_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        localise(datetime(2026, 3, 1, tzinfo=UTC).date(), time(9, tzinfo=UTC), ZoneInfo("Europe/London"))
