"""Times in words, and times read on one clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from aftercare.clinics.dates import dated
from aftercare.clinics.places import place
from aftercare.console.templatetags.clocks import lasting
from aftercare.console.times import WallClockField, just_now, said, tag

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/London", "London time"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("UTC", "UTC"),
        ("Etc/GMT+5", "GMT+5 time"),
    ],
)
def test_place_is_the_city_of_the_zone(zone, words):
    assert place(ZoneInfo(zone)) == words


def test_place_and_month_are_written_in_the_language_of_the_page():
    with translation.override("es"):
        words = said(datetime(2026, 11, 26, 18, 30, tzinfo=UTC), ZoneInfo("America/Mexico_City"))

    assert words.startswith("jue 26 nov 2026, 12:30 ")
    assert "Ciudad de México" in words


def test_long_date_is_written_as_spanish_writes_it():
    day = date(2026, 11, 26)

    with translation.override("es"):
        assert dated(day, "l j F Y") == "jueves, 26 de noviembre de 2026"
        assert dated(day, "j F Y") == "26 de noviembre de 2026"
    assert dated(day, "l j F Y") == "Thursday 26 November 2026"


def test_time_is_said_with_weekday_and_place():
    assert said(datetime(2026, 3, 28, 15, 30, tzinfo=UTC), LONDON) == "Sat 28 Mar 2026, 15:30 London time"


def test_hour_that_comes_twice_is_told_apart_by_its_offset():
    first = said(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), LONDON)
    second = said(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), LONDON)

    assert first == "Sun 25 Oct 2026, 01:30 London time (UTC+0100)"
    assert second == "Sun 25 Oct 2026, 01:30 London time (UTC+0000)"


def test_missing_time_is_a_dash():
    assert tag(None, LONDON) == "–"


@pytest.mark.parametrize("text", ["2026-03-28T15:30", "2026-03-28T15:30:00", "2026-03-28 15:30"])
def test_time_is_read_on_the_fields_clock(text):
    field = WallClockField(zone=ZoneInfo("America/New_York"))

    assert field.clean(text) == datetime(2026, 3, 28, 19, 30, tzinfo=UTC)


def test_time_that_the_clock_skipped_is_refused_with_the_next_one():
    field = WallClockField(zone=LONDON)

    with pytest.raises(
        ValidationError, match=r"01:30 did not exist in London time\. Enter Sun 29 Mar, 02:00 or"
    ):
        field.clean("2026-03-29T01:30")


def test_day_that_a_place_skipped_is_refused():
    field = WallClockField(zone=ZoneInfo("Pacific/Apia"))

    with pytest.raises(ValidationError, match="Enter Sat 31 Dec, 00:00 or later"):
        field.clean("2011-12-30T10:00")


@pytest.mark.parametrize("text", ["28 March", "2026-02-30T10:00", "2026-03-28T25:00"])
def test_unreadable_time_is_refused(text):
    with pytest.raises(ValidationError, match="Enter a date and a time"):
        WallClockField(zone=LONDON).clean(text)


def test_default_end_is_the_last_full_five_minutes():
    assert just_now(datetime(2026, 3, 28, 16, 4, 59, 9, tzinfo=UTC)) == datetime(
        2026, 3, 28, 16, 0, tzinfo=UTC
    )


def test_dates_alone_are_not_times():
    assert WallClockField(zone=LONDON).prepare_value(date(2026, 3, 28)) == date(2026, 3, 28)


@pytest.mark.parametrize("zone", ["America/Mexico_City", "Europe/London", "Asia/Tokyo"])
@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59", "1899-12-31T23:59"])
def test_year_that_nobody_means_is_refused_in_every_zone(text, zone):
    with pytest.raises(ValidationError, match="Check the year"):
        WallClockField(zone=ZoneInfo(zone)).clean(text)


@pytest.mark.parametrize("instant", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize("zone", ["America/Mexico_City", "Asia/Tokyo"])
def test_stored_time_at_the_calendars_end_can_still_be_shown(instant, zone):
    assert WallClockField(zone=ZoneInfo(zone)).prepare_value(instant).year in (1, 9999)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (1, "1 minute"),
        (15, "15 minutes"),
        (90, "90 minutes"),
        (120, "2 hours"),
        (1440, "1 day"),
        (4320, "3 days"),
    ],
)
def test_length_of_time_is_said_in_its_largest_whole_part(minutes, words):
    assert lasting(minutes) == words
