"""Token buckets: what a limit lets go, whatever the clock and the claimers do."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare.outbox.buckets import LONGEST_LAG, Bucket, Limit, utc_day

NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 29, tzinfo=UTC)
TEN_A_SECOND = Limit(a_second=10)


def empty(at=NOW, **over):
    return Bucket(**{"tokens": 0.0, "filled_at": at, "day": at.date(), "taken_today": 0, **over})


def after(**time):
    return NOW + timedelta(**time)


def test_new_bucket_lets_nothing_go_and_says_how_long_to_wait():
    bucket = empty().filled(TEN_A_SECOND, now=NOW)

    assert bucket.allows(TEN_A_SECOND) == 0
    assert timedelta(milliseconds=100) < bucket.wait(TEN_A_SECOND) < timedelta(milliseconds=110)


def test_bucket_waited_for_as_told_lets_one_go():
    bucket = empty().filled(Limit(a_second=3), now=NOW)

    filled = bucket.filled(Limit(a_second=3), now=NOW + bucket.wait(Limit(a_second=3)))

    assert (filled.allows(Limit(a_second=3)), filled.wait(Limit(a_second=3))) == (1, None)


@pytest.mark.parametrize(("a_second", "burst"), [(100, 20), (10, 2), (1, 1), (0.1, 1)])
def test_bucket_left_alone_holds_a_fifth_of_a_second_and_at_least_one(a_second, burst):
    limit = Limit(a_second=a_second)

    assert empty().filled(limit, now=after(days=1)).allows(limit) == burst


def test_day_begins_at_midnight_of_utc():
    limit = Limit(a_day=5)
    spent = empty(taken_today=5)

    assert spent.filled(limit, now=MIDNIGHT - timedelta(seconds=1)).allows(limit) == 0
    assert spent.filled(limit, now=MIDNIGHT).allows(limit) == 5


def test_spent_day_waits_for_midnight():
    bucket = empty(taken_today=5).filled(Limit(a_day=5), now=NOW)

    assert bucket.wait(Limit(a_day=5)) == timedelta(hours=8)


def test_day_and_second_both_hold():
    limit = Limit(a_second=100, a_day=3)

    assert empty().filled(limit, now=after(hours=1)).allows(limit) == 3


def test_lowered_limit_below_what_has_gone_lets_nothing_go():
    assert empty(taken_today=7).allows(Limit(a_day=5)) == 0


def test_no_limit_lets_any_number_go():
    assert empty().allows(Limit()) is None
    assert empty().wait(Limit()) is None


@pytest.mark.parametrize("count", [3, -1])
def test_taking_what_is_not_allowed_is_an_error(count):
    bucket = empty(tokens=2.0)

    with pytest.raises(ValueError, match="2 were allowed"):
        bucket.without(count, TEN_A_SECOND)


def test_claimer_that_waited_for_the_row_adds_nothing_twice():
    bucket = empty().filled(TEN_A_SECOND, now=after(seconds=0.1)).without(1, TEN_A_SECOND)

    late = bucket.filled(TEN_A_SECOND, now=NOW)

    assert late == bucket


def test_clock_set_back_begins_an_empty_bucket_and_keeps_the_days_count():
    bucket = Bucket(2.0, NOW, NOW.date(), 4)
    back = NOW - timedelta(days=2)

    assert bucket.filled(TEN_A_SECOND, now=back) == Bucket(0.0, back, date(2026, 3, 26), 4)


steps = st.lists(
    st.tuples(
        st.one_of(st.floats(0, 2), st.floats(-400, 400), st.integers(-100_000, 200_000)), st.integers(0, 40)
    ),
    max_size=60,
)
limits = st.builds(
    Limit,
    a_second=st.none() | st.floats(0.01, 500),
    a_day=st.none() | st.integers(1, 60),
)


@given(limit=limits, steps=steps)
def test_no_span_ever_lets_more_go_than_its_length_and_the_capacity(limit, steps):
    """``steps``: seconds by which the clock moves, also backwards, and how many a claimer wants."""
    bucket, now, log = empty(), NOW, []
    for seconds, wanted in steps:
        moved = timedelta(seconds=seconds)
        now += moved
        bucket = bucket.filled(limit, now=now)
        allowed = bucket.allows(limit)
        count = wanted if allowed is None else min(wanted, allowed)
        bucket = bucket.without(count, limit)
        log.append((max(moved.total_seconds(), 0.0), count))

    for first in range(len(log)) if limit.a_second is not None else ():
        gone, passed = 0, 0.0
        for position, (seconds, count) in enumerate(log[first:]):
            passed += seconds if position else 0.0
            gone += count
            assert gone <= limit.a_second * passed + limit.capacity + 1e-6


@given(
    a_day=st.integers(1, 60),
    steps=st.lists(st.tuples(st.floats(-20, 40_000), st.integers(0, 40)), max_size=60),
)
def test_no_day_ever_lets_more_go_than_its_limit(a_day, steps):
    """The clock goes back by no more than claimers lag behind each other."""
    limit, bucket, now, latest, days = Limit(a_day=a_day), empty(), NOW, NOW, {}
    for seconds, wanted in steps:
        now = max(now + timedelta(seconds=seconds), latest - LONGEST_LAG)
        latest = max(latest, now)
        bucket = bucket.filled(limit, now=now)
        count = min(wanted, bucket.allows(limit))
        bucket = bucket.without(count, limit)
        days[utc_day(now)] = days.get(utc_day(now), 0) + count

    assert all(count <= a_day for count in days.values())
