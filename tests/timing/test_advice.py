"""From which local date, and at which hour, something is allowed again."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftercare.timing import FromWhen, advice_instant
from tests.timing.oracle import DAY, HOUR, MINUTE, first_showing
from tests.timing.strategies import moments, utc

# zone, ended_at (UTC), hours, the date and time a patient reads
CASES = {
    "next_half_hour": ("Europe/London", "2026-06-10 14:05", 24, "2026-06-11", "15:30"),
    "on_the_half_hour_stays": ("Europe/London", "2026-06-10 14:30", 24, "2026-06-11", "15:30"),
    "a_second_past_goes_on": ("Europe/London", "2026-06-10 14:30:01", 24, "2026-06-11", "16:00"),
    "over_midnight": ("Europe/London", "2026-06-10 22:45", 12, "2026-06-11", "12:00"),
    "into_the_next_day": ("Europe/London", "2026-06-10 22:45", 24, "2026-06-12", "00:00"),
    "at_once": ("Europe/London", "2026-06-10 14:05", 0, "2026-06-10", "15:30"),
    "elapsed_hours_over_the_gap": ("Europe/London", "2026-03-28 15:00", 24, "2026-03-29", "16:00"),
    "rounding_into_the_gap": ("Europe/London", "2026-03-28 00:45", 24, "2026-03-29", "02:00"),
    "lord_howe_rounding_into_the_gap": ("Australia/Lord_Howe", "2026-10-02 15:20", 24, "2026-10-04", "02:30"),
    "second_showing_is_past_the_fold": ("Europe/London", "2026-10-24 01:10", 24, "2026-10-25", "02:00"),
    "first_showing_stays": ("Europe/London", "2026-10-24 00:10", 24, "2026-10-25", "01:30"),
    "kathmandu_wall_clock": ("Asia/Kathmandu", "2026-01-14 12:00", 24, "2026-01-15", "18:00"),
    "just_below_three_days": ("Europe/London", "2026-06-10 14:05", 71, "2026-06-13", "14:30"),
    "three_days": ("Europe/London", "2026-06-10 14:05", 72, "2026-06-14", None),
    "three_days_to_local_midnight": ("Europe/London", "2026-06-10 23:00", 72, "2026-06-14", None),
    "three_days_to_a_minute_past_midnight": ("Europe/London", "2026-06-10 23:01", 72, "2026-06-15", None),
    "three_days_over_the_gap": ("Europe/London", "2026-03-27 00:00", 72, "2026-03-31", None),
    "day_that_begins_at_one": ("Asia/Beirut", "2024-03-27 22:00", 72, "2024-03-31", None),
    "day_that_begins_twice": ("America/Havana", "2024-10-31 05:00", 72, "2024-11-04", None),
    "day_that_never_came": ("Pacific/Apia", "2011-12-26 20:00", 72, "2011-12-31", None),
    "leap_day": ("Europe/London", "2028-02-25 15:00", 72, "2028-02-29", None),
}


@pytest.mark.parametrize(("key", "ended", "hours", "on", "at"), CASES.values(), ids=CASES)
def test_advice_named_case_reads_as_worked_out_by_hand(key, ended, hours, on, at):
    expected = FromWhen(date.fromisoformat(on), time.fromisoformat(at) if at else None)

    assert advice_instant(utc(ended), hours, ZoneInfo(key)) == expected


@settings(max_examples=200)
@given(moments(), st.integers(0, 71))
def test_advice_below_three_days_is_never_early_and_at_most_a_half_hour_and_a_clock_change_late(
    moment, hours
):
    zone, ended_at = moment

    found = advice_instant(ended_at, hours, zone)

    assert found.at is not None
    shown = first_showing(datetime.combine(found.on, found.at), zone)
    assert found.at.minute in (0, 30)
    assert timedelta(0) <= shown - (ended_at + hours * HOUR) < 30 * MINUTE + 2 * HOUR
    assert shown.astimezone(zone).replace(tzinfo=None) == datetime.combine(found.on, found.at)


@settings(max_examples=200)
@given(moments(), st.integers(72, 24 * 60))
def test_advice_from_three_days_is_the_first_whole_date_that_is_not_early(moment, hours):
    zone, ended_at = moment
    allowed = ended_at + hours * HOUR

    found = advice_instant(ended_at, hours, zone)

    assert found.at is None
    assert first_showing(datetime.combine(found.on, time()), zone) >= allowed
    assert first_showing(datetime.combine(found.on - DAY, time()), zone) < allowed


def test_advice_counts_hours_whatever_zone_the_end_comes_in():
    london = ZoneInfo("Europe/London")
    ended = datetime(2026, 3, 28, 15, tzinfo=london)

    assert advice_instant(ended, 24, london) == FromWhen(date(2026, 3, 29), time(16))


def test_advice_end_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="ended_at needs a time zone"):
        advice_instant(
            datetime(2026, 3, 28, 15, tzinfo=UTC).replace(tzinfo=None), 24, ZoneInfo("Europe/London")
        )


def test_advice_negative_wait_is_refused():
    with pytest.raises(ValueError, match="cannot wait -1 hours"):
        advice_instant(utc("2026-03-28 15:00"), -1, ZoneInfo("Europe/London"))
