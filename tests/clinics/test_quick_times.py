"""Times are read as PostgreSQL wrote them, whatever their year, fraction and offset."""

from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.adapt import AdaptersMap

from aftercare.clinics.quick_times import QuickLoader, read_times_quickly

TIMESTAMPTZ = psycopg.adapters.types["timestamptz"].oid


def read(written):
    return QuickLoader(TIMESTAMPTZ).load(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"2026-11-26 19:18:31.123456+00", datetime(2026, 11, 26, 19, 18, 31, 123456, tzinfo=UTC)),
        (b"2026-11-26 19:18:31.1+00", datetime(2026, 11, 26, 19, 18, 31, 100000, tzinfo=UTC)),
        (memoryview(b"0001-01-01 00:00:00+00"), datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_time_in_utc_is_read(written, meant):
    assert read(written) == meant
    assert read(written).tzinfo is UTC


@pytest.mark.parametrize("written", [b"infinity", b"10000-01-01 00:00:00+00", b"0044-03-15 12:00:00+00 BC"])
def test_what_is_no_time_for_python_is_refused_as_before(written):
    with pytest.raises(psycopg.DataError):
        read(written)


@pytest.mark.parametrize(
    ("vendor", "zone", "by_it"),
    [("postgresql", UTC, True), ("postgresql", ZoneInfo("Europe/Paris"), False), ("sqlite", UTC, False)],
)
def test_connection_in_utc_reads_times_by_it(vendor, zone, by_it):
    raw = SimpleNamespace(adapters=AdaptersMap(psycopg.adapters))

    read_times_quickly(SimpleNamespace(vendor=vendor, timezone=zone, connection=raw))

    assert (raw.adapters.get_loader(TIMESTAMPTZ, psycopg.pq.Format.TEXT) is QuickLoader) is by_it
