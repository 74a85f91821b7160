"""Zones and times as people type them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from aftercare.clinics.instants import read_instant, read_zone

LONDON = ZoneInfo("Europe/London")


def test_zone_of_the_database_is_read():
    assert read_zone("Asia/Kolkata") == ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("London", "Did you mean Europe/London"),
        ("europe/london", "Did you mean Europe/London?"),
        ("Mexico City", "Did you mean America/Mexico_City"),
        ("America/NewYork", "America/New_York"),
        ("xyzzy", "Write it like Europe/London."),
        ("", "Give the time zone"),
        ("../etc/passwd", "Write it like Europe/London."),
    ],
)
def test_unknown_zone_is_refused_with_near_names(typed, near):
    with pytest.raises(ValueError, match="time zone") as error:
        read_zone(typed)

    assert near in str(error.value)


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        ("2026-03-28T15:00", datetime(2026, 3, 28, 15, tzinfo=UTC)),
        ("2026-06-28 15:00:30", datetime(2026, 6, 28, 14, 0, 30, tzinfo=UTC)),
        ("2026-03-28T15:00Z", datetime(2026, 3, 28, 15, tzinfo=UTC)),
        ("2026-03-28T15:00-05:00", datetime(2026, 3, 28, 20, tzinfo=UTC)),
        (" 2026-03-28T15:00 ", datetime(2026, 3, 28, 15, tzinfo=UTC)),
    ],
)
def test_instant_is_read_by_its_offset_else_by_the_zones_clock(typed, instant):
    assert read_instant(typed, zone=LONDON) == instant


def test_wall_time_that_comes_twice_is_the_first():
    assert read_instant("2026-10-25T01:30", zone=LONDON) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_wall_time_that_the_clock_skips_is_refused_with_what_comes_next():
    with pytest.raises(ValueError, match="the clocks jump to 02:00"):
        read_instant("2026-03-29T01:30", zone=LONDON)


@pytest.mark.parametrize(
    "typed", ["", "yesterday", "2026-03-28", "28/03/2026 15:00", "2026-13-01T10:00", "15:00"]
)
def test_what_is_no_date_and_time_is_refused_with_an_example(typed):
    with pytest.raises(ValueError, match="Write it like 2026-03-28T15:00"):
        read_instant(typed, zone=LONDON)


@pytest.mark.parametrize("typed", ["0001-01-01T00:00", "9999-12-31T23:59", "9999-12-31T23:59-12:00"])
def test_impossible_year_is_refused(typed):
    with pytest.raises(ValueError, match="check the year"):
        read_instant(typed, zone=LONDON)
