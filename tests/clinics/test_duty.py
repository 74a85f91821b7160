"""When somebody is on duty, over closing times, weekends, closed days and changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from aftercare.clinics.duty import Duty, Hours
from aftercare.clinics.hours import Holiday, OpeningHours, duty_of
from tests import factories

LONDON = ZoneInfo("Europe/London")
WEEK = tuple(Hours(day, time(9), time(18)) for day in range(5))
DUTY = Duty(zone=LONDON, hours=WEEK, closed_on=frozenset({date(2026, 4, 6)}))  # Easter Monday


def london(day, hour, minute=0):
    return datetime(2026, 4, day, hour, minute, tzinfo=LONDON).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "covered"),
    [
        (london(1, 9), True),
        (london(1, 8, 59), False),
        (london(1, 17, 59), True),
        (london(1, 18), False),
        (london(4, 12), False),  # Saturday
        (london(6, 12), False),  # closed
        (london(7, 12), True),
    ],
)
def test_duty_begins_with_opening_and_ends_with_closing(at, covered):
    assert DUTY.covers(at) is covered


def test_nobody_is_on_duty_without_hours():
    nobody = Duty(zone=LONDON, hours=())

    assert not nobody.covers(london(1, 12))
    assert nobody.next_opening(london(1, 12)) is None


@pytest.mark.parametrize(
    ("after", "opening"),
    [
        (london(1, 12), london(1, 12)),
        (london(1, 18), london(2, 9)),
        (london(3, 18), london(7, 9)),  # over a weekend and a closed Monday
    ],
)
def test_next_opening_passes_over_closed_days(after, opening):
    assert DUTY.next_opening(after) == opening


@pytest.mark.parametrize(
    ("after", "start"),
    [(london(1, 8), london(1, 9)), (london(1, 9), london(2, 9)), (london(3, 12), london(7, 9))],
)
def test_next_start_passes_over_whoever_is_there_already(after, start):
    assert DUTY.next_start(after) == start


@pytest.mark.parametrize(
    ("since", "hours", "last"),
    [
        (london(1, 12), 2, london(1, 14)),
        (london(1, 17), 2, london(1, 18)),
        (london(1, 17), 24, london(2, 17)),
        (london(3, 17), 72, london(3, 18)),
        (london(4, 12), 2, None),
    ],
)
def test_last_covered_is_not_after_closing(since, hours, last):
    assert DUTY.last_covered(since=since, until=since + timedelta(hours=hours)) == last


def test_duty_follows_the_wall_clock_when_it_changes():
    sunday = Duty(zone=LONDON, hours=(Hours(6, time(9), time(12)),))

    assert sunday.covers(datetime(2026, 3, 22, 9, 0, tzinfo=UTC))
    assert sunday.covers(datetime(2026, 3, 29, 8, 0, tzinfo=UTC))


@pytest.mark.django_db
def test_duty_of_a_clinic_is_read_from_its_rows():
    clinic = factories.clinic()
    OpeningHours.objects.create(
        clinic=clinic, weekday=2, opens_local_time=time(9), closes_local_time=time(18)
    )
    Holiday.objects.create(clinic=clinic, closed_on=date(2026, 4, 8))

    assert duty_of(clinic).covers(london(1, 12))
    assert not duty_of(clinic).covers(london(8, 12))
    assert duty_of(clinic).hours == (Hours(2, time(9), time(18)),)


@pytest.mark.django_db
def test_hours_that_close_before_they_open_are_refused():
    clinic = factories.clinic()

    with pytest.raises(IntegrityError), transaction.atomic():
        OpeningHours.objects.create(
            clinic=clinic, weekday=2, opens_local_time=time(18), closes_local_time=time(9)
        )
