"""What holds for every step of every treatment in every zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aftercare.timing import Elapsed, QuietHours, Reason, SlotStatus, WallTime, localise, slot
from tests.timing.oracle import DAY, HOUR, MINUTE, ZONES, changes, clock, is_quiet, quiet_over
from tests.timing.strategies import elapsed_steps, moments, plans, quiet_hours, wall_time_steps

LONDON = ZoneInfo("Europe/London")


@settings(max_examples=200)
@given(plans())
def test_slot_instants_are_utc_and_in_order(plan):
    found = plan.slot()

    assert {found.planned_at.tzinfo, found.send_at.tzinfo, found.latest.tzinfo} == {UTC}
    assert found.planned_at <= found.send_at <= found.latest


@settings(max_examples=200)
@given(plans())
def test_slot_is_missed_exactly_when_its_window_has_passed(plan):
    found = plan.slot()

    assert (found.status is SlotStatus.missed) == (plan.now > found.latest)
    assert (Reason.window_passed in found.reasons) == (found.status is SlotStatus.missed)
    assert (
        found.send_at == found.planned_at if found.status is SlotStatus.missed else found.send_at >= plan.now
    )


@settings(max_examples=250)
@given(plans())
def test_slot_disturbs_quiet_hours_only_where_it_says_so(plan):
    assume(plan.quiet is not None)
    found = plan.slot()
    assume(found.status is SlotStatus.scheduled)

    quiet = is_quiet(clock(found.send_at, plan.zone).time(), plan.quiet.start, plan.quiet.end)

    assert quiet == (Reason.quiet_hours_kept in found.reasons)


@settings(max_examples=250)
@given(plans())
def test_slot_moved_by_quiet_hours_goes_at_their_next_end_within_the_window(plan):
    found = plan.slot()
    wanted = max(plan.now, found.planned_at)
    assume(plan.quiet is not None and found.status is SlotStatus.scheduled)
    assume(is_quiet(clock(wanted, plan.zone).time(), plan.quiet.start, plan.quiet.end))

    ends = quiet_over(wanted, plan.zone, plan.quiet.start, plan.quiet.end)

    assert found.send_at == (ends if ends <= found.latest else wanted)
    assert found.reasons[-1] == (Reason.quiet_hours if ends <= found.latest else Reason.quiet_hours_kept)


@settings(max_examples=200)
@given(elapsed_steps(), moments())
def test_slot_elapsed_step_comes_exactly_its_minutes_after_the_end(step, moment):
    zone, ended_at = moment

    found = slot(step, ended_at=ended_at.astimezone(zone), zone=zone, quiet=None, now=ended_at)

    assert found.send_at - ended_at == timedelta(minutes=step.minutes)
    assert found.latest - ended_at == timedelta(minutes=step.latest_minutes)
    assert found.reasons == ()


@settings(max_examples=200)
@given(wall_time_steps(), moments())
def test_slot_wall_time_step_stands_on_its_day_in_the_zone(step, moment):
    zone, ended_at = moment
    treated_on = clock(ended_at, zone).date()

    found = slot(step, ended_at=ended_at, zone=zone, quiet=None, now=ended_at)

    day, until = treated_on + timedelta(days=step.day), treated_on + timedelta(days=step.latest_day)
    assert found.planned_at == localise(day, step.at, zone)[0]
    assert found.latest == localise(until, step.latest_at, zone)[0]


@settings(max_examples=200)
@given(plans(), st.data())
def test_slot_planned_again_before_it_leaves_goes_at_the_same_instant(plan, data):
    found = plan.slot()
    assume(found.status is SlotStatus.scheduled)
    minutes = (found.send_at - plan.now) // MINUTE

    again = plan.seen_at(plan.now + data.draw(st.integers(0, minutes)) * MINUTE).slot()

    assert (again.send_at, again.latest, again.status) == (found.send_at, found.latest, found.status)
    assert again == found or Reason.late_entry in found.reasons


@settings(max_examples=200)
@given(plans(), st.integers(0, 3 * 24 * 60))
def test_slot_seen_later_never_goes_earlier(plan, minutes):
    found, later = plan.slot(), plan.seen_at(plan.now + minutes * MINUTE).slot()
    assume(later.status is SlotStatus.scheduled)

    assert found.status is SlotStatus.scheduled
    assert later.send_at >= found.send_at


@settings(max_examples=200)
@given(plans())
def test_slot_does_not_depend_on_the_zone_its_instants_come_in(plan):
    elsewhere = slot(
        plan.when,
        ended_at=plan.ended_at.astimezone(plan.zone),
        zone=plan.zone,
        quiet=plan.quiet,
        now=plan.now.astimezone(plan.zone),
    )

    assert elsewhere == plan.slot()


@settings(max_examples=200)
@given(elapsed_steps(), moments(), quiet_hours, st.integers(1, 3 * 24 * 60))
def test_slot_of_a_later_treatment_is_never_earlier(step, moment, quiet, minutes):
    zone, ended_at = moment
    roomy = Elapsed(step.minutes, step.minutes + 3 * 24 * 60)  # so that no window cuts a move short
    later_end = ended_at + minutes * MINUTE

    first = slot(roomy, ended_at=ended_at, zone=zone, quiet=quiet, now=ended_at)
    second = slot(roomy, ended_at=later_end, zone=zone, quiet=quiet, now=later_end)

    assert first.send_at <= second.send_at


@pytest.mark.parametrize("key", ZONES)
def test_slot_quiet_hours_ending_around_every_change_of_the_clock_end_when_the_clock_says_so(key):
    zone = ZoneInfo(key)
    for change in changes(key):
        before = change - 90 * MINUTE
        start = (clock(before, zone) - HOUR).time()
        for minutes in (75, 105, 135):
            quiet = QuietHours(start, (clock(before, zone) + minutes * MINUTE).time())
            for sent in (before, change - MINUTE, change + 5 * MINUTE):
                found = slot(Elapsed(0, 48 * 60), ended_at=sent, zone=zone, quiet=quiet, now=sent)

                covered = is_quiet(clock(sent, zone).time(), quiet.start, quiet.end)
                expected = quiet_over(sent, zone, quiet.start, quiet.end) if covered else sent
                assert found.send_at == expected, (key, change, quiet, sent)


@pytest.mark.parametrize("naive", ["ended_at", "now"])
def test_slot_instant_without_a_zone_is_refused_by_its_name(naive):
    instants = {"ended_at": datetime(2026, 5, 1, 15, tzinfo=UTC), "now": datetime(2026, 5, 1, 16, tzinfo=UTC)}
    instants[naive] = instants[naive].replace(tzinfo=None)

    with pytest.raises(ValueError, match=f"{naive} needs a time zone"):
        slot(Elapsed(60, 240), zone=LONDON, quiet=None, **instants)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (Elapsed, (-1, 10), "1 minutes before the treatment ended"),
        (Elapsed, (90, 89), r"window \(89 minutes\) must not come before the step's own time \(90 minutes\)"),
        (WallTime, (-2, time(10), 0, time(10)), "2 days before the treatment"),
        (WallTime, (2, time(9), 1, time(23)), r"\(day 1, 23:00\) must not come before .* \(day 2, 09:00\)"),
        (WallTime, (1, time(9), 1, time(8, 59)), r"\(day 1, 08:59\) must not come before"),
    ],
)
def test_step_that_cannot_be_kept_is_refused_with_what_is_wrong(kind, values, message):
    with pytest.raises(ValueError, match=message):
        kind(*values)


def test_step_window_of_no_length_is_allowed():
    assert Elapsed(60, 60).latest_minutes == 60
    assert WallTime(1, time(9), 1, time(9)).latest_at == time(9)


@settings(max_examples=100)
@given(st.times(), st.times())
def test_quiet_hours_same_time_twice_cover_nothing(edge, at):
    assert not QuietHours(edge, edge).covers(at)


def test_quiet_hours_over_a_date_the_zone_skips_last_until_the_next_morning():
    apia = ZoneInfo("Pacific/Apia")  # 30 December 2011 did not happen there
    evening = datetime(2011, 12, 29, 22, tzinfo=apia).astimezone(UTC)

    found = slot(
        Elapsed(0, 4320), ended_at=evening, zone=apia, quiet=QuietHours(time(21), time(8)), now=evening
    )

    assert found.send_at == datetime(2011, 12, 31, 8, tzinfo=apia)
    assert found.send_at - evening < DAY
