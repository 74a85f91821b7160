"""Named days on which clocks misbehave, with the answers worked out by hand.

The tz databases 2025b (many systems) and 2026f (the tzdata package) agree on all of them.
"""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from aftercare.timing import (
    Elapsed,
    QuietHours,
    Reason,
    SlotStatus,
    WallTime,
    localise,
    slot,
)
from tests.timing.strategies import utc

NIGHT = QuietHours(time(21), time(8))

# zone, wall time, the instant in UTC, why it is not simply that time
WALL_TIMES = {
    "london_spring_gap": ("Europe/London", "2026-03-29 01:30", "2026-03-29 01:00", Reason.gap),
    "london_gap_first_minute": ("Europe/London", "2026-03-29 01:00", "2026-03-29 01:00", Reason.gap),
    "london_gap_just_after": ("Europe/London", "2026-03-29 02:00", "2026-03-29 01:00", None),
    "london_gap_odd_microsecond": (
        "Europe/London",
        "2026-03-29 01:59:59.999999",
        "2026-03-29 01:00",
        Reason.gap,
    ),
    "london_autumn_fold": ("Europe/London", "2026-10-25 01:30", "2026-10-25 00:30", Reason.fold),
    "london_fold_first_minute": ("Europe/London", "2026-10-25 01:00", "2026-10-25 00:00", Reason.fold),
    "london_fold_just_after": ("Europe/London", "2026-10-25 02:00", "2026-10-25 02:00", None),
    "new_york_fold": ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30", Reason.fold),
    "new_york_gap": ("America/New_York", "2026-03-08 02:30", "2026-03-08 07:00", Reason.gap),
    "lord_howe_half_hour_gap": ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30", Reason.gap),
    "lord_howe_after_half_hour_gap": ("Australia/Lord_Howe", "2026-10-04 02:30", "2026-10-03 15:30", None),
    "lord_howe_half_hour_fold": ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45", Reason.fold),
    "lord_howe_before_half_hour_fold": ("Australia/Lord_Howe", "2026-04-05 01:15", "2026-04-04 14:15", None),
    "chatham_three_quarters": ("Pacific/Chatham", "2026-09-27 03:00", "2026-09-26 14:00", Reason.gap),
    "troll_two_hour_gap": ("Antarctica/Troll", "2026-03-29 02:45", "2026-03-29 01:00", Reason.gap),
    "apia_missing_day": ("Pacific/Apia", "2011-12-30 09:00", "2011-12-30 10:00", Reason.gap),
    "apia_missing_day_last_minute": ("Pacific/Apia", "2011-12-30 23:59", "2011-12-30 10:00", Reason.gap),
    "apia_minute_before_missing_day": ("Pacific/Apia", "2011-12-29 23:59", "2011-12-30 09:59", None),
    "apia_after_missing_day": ("Pacific/Apia", "2011-12-31 09:00", "2011-12-30 19:00", None),
    "casablanca_before_ramadan": ("Africa/Casablanca", "2026-02-10 09:00", "2026-02-10 08:00", None),
    "casablanca_in_ramadan": ("Africa/Casablanca", "2026-03-01 09:00", "2026-03-01 09:00", None),
    "casablanca_into_ramadan": ("Africa/Casablanca", "2026-02-15 02:30", "2026-02-15 01:30", Reason.fold),
    "casablanca_out_of_ramadan": ("Africa/Casablanca", "2026-03-22 02:30", "2026-03-22 02:00", Reason.gap),
    "sao_paulo_midnight_gap": ("America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04 03:00", Reason.gap),
    "sao_paulo_midnight_fold": ("America/Sao_Paulo", "2018-02-17 23:30", "2018-02-18 01:30", Reason.fold),
    "sao_paulo_today_no_gap": ("America/Sao_Paulo", "2026-11-01 00:30", "2026-11-01 03:30", None),
    "beirut_midnight_gap": ("Asia/Beirut", "2024-03-31 00:15", "2024-03-30 22:00", Reason.gap),
    "cairo_midnight_gap": ("Africa/Cairo", "2026-04-24 00:30", "2026-04-23 22:00", Reason.gap),
    "santiago_midnight_gap": ("America/Santiago", "2026-09-06 00:30", "2026-09-06 04:00", Reason.gap),
    "asuncion_last_midnight_gap": ("America/Asuncion", "2024-10-06 00:30", "2024-10-06 04:00", Reason.gap),
    "havana_fold_after_midnight": ("America/Havana", "2024-11-03 00:30", "2024-11-03 04:30", Reason.fold),
    "nuuk_gap_until_midnight": ("America/Nuuk", "2026-03-28 23:30", "2026-03-29 01:00", Reason.gap),
    "kathmandu_quarter_hours": ("Asia/Kathmandu", "2026-01-15 09:00", "2026-01-15 03:15", None),
    "kiritimati_furthest_ahead": ("Pacific/Kiritimati", "2026-01-15 09:00", "2026-01-14 19:00", None),
}

# zone, ended_at in UTC, (day, at), send_at in UTC
DAYS = {
    "london_day_after_is_short": ("Europe/London", "2026-03-28 15:00", (1, "01:30"), "2026-03-29 01:00"),
    "london_usual_morning_is_summer_time": (
        "Europe/London",
        "2026-03-28 15:00",
        (1, "09:00"),
        "2026-03-29 08:00",
    ),
    "london_usual_morning_in_winter": ("Europe/London", "2026-10-24 15:00", (1, "09:00"), "2026-10-25 09:00"),
    "leap_day": ("Europe/London", "2028-02-28 15:00", (1, "09:00"), "2028-02-29 09:00"),
    "over_leap_day": ("Europe/London", "2028-02-28 15:00", (2, "09:00"), "2028-03-01 09:00"),
    "no_leap_day": ("Europe/London", "2026-02-28 15:00", (1, "09:00"), "2026-03-01 09:00"),
    "from_leap_day_five_weeks": ("Europe/London", "2024-02-29 15:00", (35, "10:00"), "2024-04-04 09:00"),
    "end_of_january": ("Europe/London", "2026-01-31 15:00", (1, "09:00"), "2026-02-01 09:00"),
    "end_of_april": ("Europe/Madrid", "2026-04-30 15:00", (1, "09:00"), "2026-05-01 07:00"),
    "end_of_year": ("Europe/Madrid", "2026-12-31 15:00", (1, "09:00"), "2027-01-01 08:00"),
    "auckland_already_tomorrow": ("Pacific/Auckland", "2026-06-10 20:00", (1, "09:00"), "2026-06-11 21:00"),
    "honolulu_still_yesterday": ("Pacific/Honolulu", "2026-06-11 02:00", (1, "09:00"), "2026-06-11 19:00"),
    "kathmandu": ("Asia/Kathmandu", "2026-01-14 18:20", (1, "09:00"), "2026-01-16 03:15"),
    "apia_day_that_never_came": ("Pacific/Apia", "2011-12-29 22:00", (1, "09:00"), "2011-12-30 10:00"),
    "beirut_midnight_step": ("Asia/Beirut", "2024-03-30 12:00", (1, "00:00"), "2024-03-30 22:00"),
}

# zone, wanted at (UTC), latest (UTC), send_at (UTC), why; quiet from 21:00 to 08:00
NIGHTS = {
    "evening_waits_for_morning": (
        "Europe/London", "2026-06-10 20:30", "2026-06-11 12:00", "2026-06-11 07:00", Reason.quiet_hours,
    ),
    "early_morning_waits_for_the_same_morning": (
        "Europe/London", "2026-06-11 04:00", "2026-06-11 12:00", "2026-06-11 07:00", Reason.quiet_hours,
    ),
    "first_quiet_minute": (
        "Europe/London", "2026-06-10 20:00", "2026-06-11 12:00", "2026-06-11 07:00", Reason.quiet_hours,
    ),
    "last_minute_before": ("Europe/London", "2026-06-10 19:59", "2026-06-11 12:00", "2026-06-10 19:59", None),
    "their_end_is_not_quiet": (
        "Europe/London", "2026-06-11 07:00", "2026-06-11 12:00", "2026-06-11 07:00", None,
    ),
    "window_ends_as_they_end": (
        "Europe/London", "2026-06-10 20:30", "2026-06-11 07:00", "2026-06-11 07:00", Reason.quiet_hours,
    ),
    "window_ends_a_minute_before_they_end": (
        "Europe/London", "2026-06-10 20:30", "2026-06-11 06:59", "2026-06-10 20:30", Reason.quiet_hours_kept,
    ),
    "short_spring_night": (
        "Europe/London", "2026-03-28 22:00", "2026-03-29 12:00", "2026-03-29 07:00", Reason.quiet_hours,
    ),
    "long_autumn_night": (
        "Europe/London", "2026-10-24 22:00", "2026-10-25 12:00", "2026-10-25 08:00", Reason.quiet_hours,
    ),
    "new_york_second_half_past_one": (
        "America/New_York", "2026-11-01 06:30", "2026-11-01 20:00", "2026-11-01 13:00", Reason.quiet_hours,
    ),
    "lord_howe_spring_night": (
        "Australia/Lord_Howe", "2026-10-03 12:00", "2026-10-04 12:00", "2026-10-03 21:00", Reason.quiet_hours,
    ),
}  # fmt: skip

# quiet hours, zone, wanted at (UTC), their end (UTC)
QUIET_ENDS = {
    "end_in_the_gap": (("21:00", "01:30"), "Europe/London", "2026-03-28 23:00", "2026-03-29 01:00"),
    "end_in_the_fold_first_showing": (
        ("21:00", "01:30"), "Europe/London", "2026-10-24 22:00", "2026-10-25 00:30",
    ),
    "first_fold_hour_after_the_end": (
        ("21:00", "01:30"), "Europe/London", "2026-10-25 00:40", "2026-10-25 00:40",
    ),
    "second_fold_hour_is_quiet_again": (
        ("21:00", "01:30"), "Europe/London", "2026-10-25 01:10", "2026-10-25 01:30",
    ),
    "end_as_the_clock_goes_back": (
        ("21:00", "02:00"), "Europe/London", "2026-10-25 00:30", "2026-10-25 02:00",
    ),
    "midnight_end_in_the_gap": (("21:00", "00:00"), "Asia/Beirut", "2024-03-30 20:00", "2024-03-30 22:00"),
    "midnight_end_after_a_repeated_hour": (
        ("21:00", "00:00"), "America/Sao_Paulo", "2018-02-18 01:30", "2018-02-18 03:00",
    ),
    "afternoon_rest": (("13:00", "16:00"), "Europe/Madrid", "2026-07-01 12:00", "2026-07-01 14:00"),
}  # fmt: skip

# step, now (UTC), send_at (UTC), status, reasons; treatment ended 2026-06-10 15:00 in London, 14:00 UTC
ENTRIES = {
    "in_time": (Elapsed(60, 240), "2026-06-10 14:05", "2026-06-10 15:00", "scheduled", ""),
    "at_its_very_time": (Elapsed(60, 240), "2026-06-10 15:00", "2026-06-10 15:00", "scheduled", ""),
    "late_within_window": (
        Elapsed(60, 240), "2026-06-10 17:00", "2026-06-10 17:00", "scheduled", "late_entry",
    ),
    "late_at_the_last_moment": (
        Elapsed(60, 240), "2026-06-10 18:00", "2026-06-10 18:00", "scheduled", "late_entry",
    ),
    "late_after_the_window": (
        Elapsed(60, 240), "2026-06-10 18:00:01", "2026-06-10 15:00", "missed", "window_passed",
    ),
    "late_in_quiet_hours": (
        Elapsed(60, 1200), "2026-06-10 22:00", "2026-06-11 07:00", "scheduled", "late_entry quiet_hours",
    ),
    "late_in_quiet_hours_window_ends_in_them": (
        Elapsed(60, 600), "2026-06-10 22:00", "2026-06-10 22:00", "scheduled", "late_entry quiet_hours_kept",
    ),
    "entered_while_already_waiting_for_morning": (
        Elapsed(420, 1800), "2026-06-10 23:00", "2026-06-11 07:00", "scheduled", "quiet_hours",
    ),
    "wall_time_late": (
        WallTime(1, time(9), 1, time(18)), "2026-06-11 11:00", "2026-06-11 11:00", "scheduled", "late_entry",
    ),
    "wall_time_missed": (
        WallTime(1, time(9), 1, time(18)), "2026-06-12 11:00", "2026-06-11 08:00", "missed", "window_passed",
    ),
    "same_day_before_the_treatment": (
        WallTime(0, time(9), 0, time(18)), "2026-06-10 14:00", "2026-06-10 14:00", "scheduled", "late_entry",
    ),
    "planned_ahead_of_the_treatment": (
        WallTime(0, time(9), 0, time(18)), "2026-06-01 08:00", "2026-06-10 14:00", "scheduled", "late_entry",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("key", "wall", "expected", "reason"), WALL_TIMES.values(), ids=WALL_TIMES)
def test_localise_named_case_gives_the_instant_worked_out_by_hand(key, wall, expected, reason):
    asked = datetime.fromisoformat(wall)

    assert localise(asked.date(), asked.time(), ZoneInfo(key)) == (utc(expected), reason)


def test_localise_time_marked_as_second_showing_still_gives_the_first():
    marked = time(1, 30, fold=1)

    assert localise(date(2026, 11, 1), marked, ZoneInfo("America/New_York"))[0] == utc("2026-11-01 05:30")


@pytest.mark.parametrize(("key", "ended", "step", "expected"), DAYS.values(), ids=DAYS)
def test_slot_wall_time_on_a_named_day_goes_at_the_hour_worked_out_by_hand(key, ended, step, expected):
    day, at = step[0], time.fromisoformat(step[1])

    found = slot(
        WallTime(day, at, day + 1, at), ended_at=utc(ended), zone=ZoneInfo(key), quiet=None, now=utc(ended)
    )

    assert found.send_at == utc(expected)


@pytest.mark.parametrize(("key", "wanted", "latest", "expected", "why"), NIGHTS.values(), ids=NIGHTS)
def test_slot_in_a_named_night_goes_when_quiet_hours_let_it(key, wanted, latest, expected, why):
    window = int((utc(latest) - utc(wanted)).total_seconds() // 60)

    found = slot(Elapsed(0, window), ended_at=utc(wanted), zone=ZoneInfo(key), quiet=NIGHT, now=utc(wanted))

    assert found.send_at == utc(expected)
    assert found.reasons == ((why,) if why else ())


@pytest.mark.parametrize(("quiet", "key", "wanted", "expected"), QUIET_ENDS.values(), ids=QUIET_ENDS)
def test_slot_quiet_hours_ending_at_an_odd_moment_end_when_the_clock_says_so(quiet, key, wanted, expected):
    hours = QuietHours(*(time.fromisoformat(edge) for edge in quiet))

    found = slot(Elapsed(0, 1440), ended_at=utc(wanted), zone=ZoneInfo(key), quiet=hours, now=utc(wanted))

    assert found.send_at == utc(expected)


@pytest.mark.parametrize(("step", "now", "expected", "status", "reasons"), ENTRIES.values(), ids=ENTRIES)
def test_slot_of_a_session_entered_at_a_named_time_goes_or_is_missed(step, now, expected, status, reasons):
    found = slot(
        step, ended_at=utc("2026-06-10 14:00"), zone=ZoneInfo("Europe/London"), quiet=NIGHT, now=utc(now)
    )

    assert (found.send_at, found.status, found.reasons) == (utc(expected), status, tuple(reasons.split()))


def test_slot_elapsed_over_the_spring_change_counts_hours_and_not_the_clock():
    london = ZoneInfo("Europe/London")
    ended = datetime(2026, 3, 28, 20, tzinfo=london)

    found = slot(Elapsed(720, 900), ended_at=ended, zone=london, quiet=None, now=ended)

    assert found.send_at == utc("2026-03-29 08:00")  # 09:00 on the clock


def test_slot_missed_step_still_says_that_its_time_did_not_exist():
    found = slot(
        WallTime(1, time(1, 30), 1, time(6)),
        ended_at=utc("2026-03-28 15:00"),
        zone=ZoneInfo("Europe/London"),
        quiet=NIGHT,
        now=utc("2026-03-30 12:00"),
    )

    assert found.status is SlotStatus.missed
    assert found.reasons == (Reason.gap, Reason.window_passed)
    assert found.send_at == found.planned_at == utc("2026-03-29 01:00")
