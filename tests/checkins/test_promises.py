"""Which promised calls other hours or a closed day would break."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from aftercare.checkins.concerns import close_concern, raise_concern
from aftercare.checkins.levels import Level
from aftercare.checkins.promises import broken_promises
from aftercare.clinics.duty import Duty, Hours
from tests import factories

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 30, 11, tzinfo=UTC)  # a Monday in London


@pytest.fixture
def clinic():
    return factories.clinic()


def until(clinic, hour, *, closed=()):
    hours = tuple(Hours(day, time(9), time(hour)) for day in range(5))
    return Duty(zone=clinic.time_zone, hours=hours, closed_on=frozenset(closed))


def promised(clinic, *, by=14):
    """A patient who was promised a call by that hour of the clinic's clock."""
    limit = timedelta(hours=by - 12)
    session = factories.treatment_session(clinic)
    return raise_concern(session, level=Level.A, limit=limit, duty=until(clinic, 18), now=NOON)


def broken(clinic, after):
    found = broken_promises(clinic, before=until(clinic, 18), after=after, now=NOON)
    return [(one.concern, one.call_before) for one in found]


def test_earlier_closing_says_until_when_to_call(clinic):
    concern = promised(clinic)

    assert broken(clinic, until(clinic, 13)) == [(concern, NOON + timedelta(hours=1))]


@pytest.mark.parametrize("closes", [12, 11])
def test_closing_at_once_leaves_no_time_to_call(clinic, closes):
    concern = promised(clinic)

    assert broken(clinic, until(clinic, closes)) == [(concern, None)]


def test_closed_day_leaves_no_time_to_call(clinic):
    concern = promised(clinic)

    assert broken(clinic, until(clinic, 18, closed=[date(2026, 3, 30)])) == [(concern, None)]


def test_hours_that_still_hold_the_promise_break_nothing(clinic):
    promised(clinic)

    assert broken(clinic, until(clinic, 14)) == []


def test_promise_of_a_closed_concern_or_of_another_clinic_is_not_broken(clinic):
    close_concern(promised(clinic), outcome="Called.", by=factories.user(clinic), now=NOON)
    promised(factories.clinic())

    assert broken(clinic, until(clinic, 12)) == []


def test_promise_that_nobody_could_keep_before_either_is_not_news(clinic):
    promised(clinic)
    shut = until(clinic, 12)

    assert broken_promises(clinic, before=shut, after=until(clinic, 11), now=NOON) == []
