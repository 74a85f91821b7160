"""The engine's clock is the database's."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.outbox.clock import database_now

pytestmark = pytest.mark.django_db


def test_clock_tells_the_time_in_utc():
    now = database_now()

    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_clock_goes_on_within_a_transaction():
    first = database_now()
    while database_now() == first:
        pass

    assert database_now() > first
