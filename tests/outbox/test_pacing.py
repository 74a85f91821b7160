"""How a backlog is spread: its order, its pace, and the windows that no pace may break."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare.outbox.pacing import ROOM, Waiting, spread
from aftercare.timing import QuietHours

NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
NIGHT = QuietHours(time(21), time(8))


def after(**time):
    return NOW + timedelta(**time)


def waiting(key, **over):
    fields = {
        "due_at": after(hours=-1),
        "latest_at": after(hours=20),
        "zone": LONDON,
        "safety_critical": False,
    }
    return Waiting(key=key, **{**fields, **over})


def minutes(times):
    return {key: (at - NOW).total_seconds() / 60 for key, at in times.items()}


def test_each_waits_for_its_turn():
    rows = [waiting("a"), waiting("b"), waiting("c")]

    assert minutes(spread(rows, now=NOW, per_minute=2)) == {"a": 0, "b": 0.5, "c": 1}


def test_at_once_sends_everything_now():
    rows = [waiting(name) for name in "abc"]

    assert set(minutes(spread(rows, now=NOW, per_minute=None)).values()) == {0}


def test_safety_critical_go_first_and_then_those_that_soon_end():
    rows = [
        waiting("long"),
        waiting("short", latest_at=after(hours=2)),
        waiting("safe", safety_critical=True),
        waiting("safe and short", safety_critical=True, latest_at=after(hours=3)),
    ]

    assert list(spread(rows, now=NOW, per_minute=1)) == ["safe and short", "safe", "short", "long"]


def test_window_too_short_for_its_turn_goes_sooner_with_room_to_spare():
    rows = [*(waiting(n, safety_critical=True) for n in range(60)), waiting("x", latest_at=after(minutes=30))]

    assert spread(rows, now=NOW, per_minute=1)["x"] == after(minutes=30) - ROOM


def test_window_about_to_end_goes_at_once():
    rows = [waiting("safe", safety_critical=True), waiting("last", latest_at=after(minutes=5))]

    assert spread(rows, now=NOW, per_minute=1)["last"] == NOW


def test_passed_window_gets_no_time():
    assert spread([waiting("x", latest_at=after(seconds=-1))], now=NOW, per_minute=None) == {}


def test_what_may_not_go_yet_lets_others_pass():
    rows = [
        waiting("later", safety_critical=True, due_at=after(minutes=1, seconds=30)),
        waiting("a"),
        waiting("b"),
    ]

    assert minutes(spread([*rows, waiting("c")], now=NOW, per_minute=1)) == {
        "a": 0,
        "b": 1,
        "later": 2,
        "c": 3,
    }


def test_quiet_hours_that_begin_while_it_waits_are_spared():
    evening = datetime(2026, 3, 28, 20, 59, 30, tzinfo=UTC)
    rows = [waiting(n, quiet=NIGHT) for n in range(3)]

    times = spread(rows, now=evening, per_minute=1)

    morning = datetime(2026, 3, 29, 7, tzinfo=UTC)  # 08:00 in London, where the clocks went forward
    assert list(times.values()) == [evening, morning, morning + timedelta(minutes=1)]


def test_quiet_hours_never_cost_a_message():
    evening = datetime(2026, 3, 28, 22, tzinfo=UTC)
    row = waiting("x", quiet=NIGHT, latest_at=evening + timedelta(hours=2))

    assert spread([row], now=evening, per_minute=1) == {"x": evening}


@pytest.mark.parametrize("per_minute", [0, -1, 601])
def test_pace_out_of_bounds_is_refused(per_minute):
    with pytest.raises(ValueError, match="between 1 and 600"):
        spread([], now=NOW, per_minute=per_minute)


offsets = st.integers(-3 * 24 * 60, 3 * 24 * 60).map(lambda n: timedelta(minutes=n))
rows = st.lists(
    st.builds(
        lambda due, length, critical, quiet: waiting(
            0, due_at=NOW + due, latest_at=NOW + due + length, safety_critical=critical, quiet=quiet
        ),
        offsets,
        st.integers(0, 3 * 24 * 60).map(lambda n: timedelta(minutes=n)),
        st.booleans(),
        st.sampled_from([None, NIGHT, QuietHours(time(12), time(14))]),
    ),
    max_size=40,
).map(lambda found: [waiting(n, **_fields(row)) for n, row in enumerate(found)])
paces = st.none() | st.integers(1, 600)


def _fields(row):
    return {name: getattr(row, name) for name in ("due_at", "latest_at", "safety_critical", "quiet")}


@given(rows=rows, per_minute=paces)
def test_every_message_in_time_stays_within_its_window(rows, per_minute):
    times = spread(rows, now=NOW, per_minute=per_minute)

    assert times.keys() == {row.key for row in rows if row.latest_at >= NOW}
    for row in rows:
        if row.key in times:
            assert max(NOW, row.due_at) <= times[row.key] <= row.latest_at


@given(rows=rows, per_minute=paces)
def test_no_message_disturbs_quiet_hours_that_its_window_lets_it_spare(rows, per_minute):
    times = spread(rows, now=NOW, per_minute=per_minute)

    for row in rows:
        if row.key in times:
            assert row.opens(times[row.key]) == times[row.key]


@given(rows=rows, per_minute=st.integers(1, 600))
def test_what_its_window_does_not_hurry_keeps_to_the_pace(rows, per_minute):
    times = spread(rows, now=NOW, per_minute=per_minute)

    calm = sorted(at for key, at in times.items() if at < rows[key].latest_at - ROOM)
    gap = timedelta(minutes=1) / per_minute
    assert all(later - earlier >= gap for earlier, later in pairwise(calm))


@given(rows=rows, per_minute=st.integers(1, 600))
def test_safety_critical_never_wait_for_others(rows, per_minute):
    """But for a message whose turn came just before theirs, alone they would go at the same times."""
    exempt = [replace(row, quiet=None) for row in rows]
    critical = [row for row in exempt if row.safety_critical]

    together, alone = (spread(some, now=NOW, per_minute=per_minute) for some in (exempt, critical))

    gap = timedelta(minutes=1) / per_minute
    assert all(together[key] <= at + gap for key, at in alone.items())


@given(rows=rows, per_minute=st.integers(1, 600))
def test_backlog_that_may_all_go_now_takes_turns_from_now_on(rows, per_minute):
    calm = [waiting(row.key, safety_critical=row.safety_critical, latest_at=after(days=90)) for row in rows]

    times = spread(calm, now=NOW, per_minute=per_minute)

    gap = timedelta(minutes=1) / per_minute
    assert list(times.values()) == [NOW + gap * k for k in range(len(rows))]
