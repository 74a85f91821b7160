"""The geometry of a plan's picture, and the picture on a protocol's page."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.console.timeline import ClockChange, Placed, Scale, clock_changes, draw
from aftercare.timing import QuietHours
from tests import factories
from tests.console.test_protocols import of, posted

LONDON = ZoneInfo("Europe/London")
ENDED_AT = datetime(2026, 3, 27, 15, tzinfo=UTC)
QUIET = QuietHours(time(21), time(8))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def placed(after, until, **over):
    at = ENDED_AT + after
    return Placed(
        **{"name": "Step", "step_id": 1, "send_at": at, "latest": ENDED_AT + until, "planned_at": at, **over}
    )


def drawn(*steps, quiet=QUIET, zone=LONDON):
    return draw(steps, ended_at=ENDED_AT, zone=zone, quiet=quiet)


@pytest.mark.parametrize("length", [HOUR, DAY, 3 * DAY, 7 * DAY, 35 * DAY, 400 * DAY])
def test_scale_goes_from_edge_to_edge_and_never_back(length):
    scale = Scale(ENDED_AT, ENDED_AT + length)

    places = [scale.place(ENDED_AT + length * share / 50) for share in range(51)]

    assert (places[0], places[-1]) == (0.0, 100.0)
    assert places == sorted(places)


def test_scale_gives_the_first_day_a_quarter_of_five_weeks():
    scale = Scale(ENDED_AT, ENDED_AT + 35 * DAY)

    assert (scale.place(ENDED_AT + DAY), scale.place(ENDED_AT + 7 * DAY)) == (25.0, 65.0)


def test_what_lies_outside_is_drawn_at_the_edge():
    scale = Scale(ENDED_AT, ENDED_AT + DAY)

    assert (scale.place(ENDED_AT - DAY), scale.place(ENDED_AT + 2 * DAY)) == (0.0, 100.0)


def test_bar_covers_the_window_and_a_tiny_one_can_still_be_seen():
    wide, tiny = drawn(placed(6 * HOUR, 18 * HOUR), placed(23 * HOUR, 24 * HOUR - HOUR / 60)).bars

    assert wide.left == pytest.approx(6 / 23.983 * 100, abs=0.1)
    assert wide.width == pytest.approx(12 / 23.983 * 100, abs=0.1)
    assert tiny.width >= 0.6
    assert tiny.left + tiny.width <= 100.001


def test_bar_of_a_moved_step_shows_its_own_time():
    moved = placed(17 * HOUR, 24 * HOUR, planned_at=ENDED_AT + 12 * HOUR)

    assert drawn(moved).bars[0].own_time == 50.0
    assert drawn(placed(HOUR, DAY)).bars[0].own_time is None


def test_night_is_shaded_from_its_start_to_its_end():
    night = drawn(placed(HOUR, DAY)).nights[0]

    assert night.left == pytest.approx(6 / 24 * 100, abs=0.1)
    assert night.width == pytest.approx(11 / 24 * 100, abs=0.1)


def test_clinic_without_quiet_hours_has_no_night():
    assert drawn(placed(HOUR, DAY), quiet=None).nights == []


def test_night_is_shaded_on_every_day_that_is_shown():
    nights = drawn(placed(HOUR, 35 * DAY)).nights

    assert len(nights) == 35
    assert nights[-1].left + nights[-1].width > 99


@pytest.mark.parametrize(
    ("zone", "start", "found"),
    [
        ("Europe/London", date(2026, 3, 28), [ClockChange(date(2026, 3, 29), 60)]),
        ("Europe/London", date(2026, 10, 24), [ClockChange(date(2026, 10, 25), -60)]),
        ("Australia/Lord_Howe", date(2026, 4, 4), [ClockChange(date(2026, 4, 5), -30)]),
        ("Asia/Tokyo", date(2026, 3, 28), []),
    ],
)
def test_clock_changes_are_named_with_their_day_and_minutes(zone, start, found):
    begins = datetime.combine(start, time(12), tzinfo=ZoneInfo(zone))

    assert list(clock_changes(ZoneInfo(zone), begins, begins + 3 * DAY)) == found


def page(name, *args):
    return reverse(f"admin:protocols_protocol_{name}", args=args)


@pytest.fixture
def clinic(db):
    return factories.clinic()


@pytest.fixture
def protocol(clinic):
    return factories.protocol(clinic)


@pytest.fixture
def owner(client, clinic):
    client.force_login(factories.user(clinic, Role.OWNER))


def asked(protocol, *steps, ended_at="2026-03-28T15:00", zone="Europe/London"):
    return {**posted(protocol, *steps), "timeline-ended_at": ended_at, "timeline-zone": zone}


def test_protocols_page_shows_its_timeline(client, owner, protocol):
    html = client.get(page("change", protocol.pk)).content.decode()

    assert html.count('class="tl-bar"') == 2
    assert "The day after" in html


def test_picture_follows_edits_that_are_not_saved(client, owner, protocol):
    first, second = protocol.steps.all()

    html = client.post(
        page("timeline", protocol.pk), asked(protocol, of(first), of(second, local_time="10:45"))
    ).content.decode()

    second.refresh_from_db()
    assert "Sun 29 Mar 2026, 10:45" in html
    assert f"{second.local_time:%H:%M}" == "09:00"


def test_picture_tells_of_a_clock_change_and_leaves_out_unreadable_steps(client, owner, protocol):
    first, second = protocol.steps.all()

    html = client.post(
        page("timeline", protocol.pk), asked(protocol, of(first), of(second, local_time="99:99"))
    ).content.decode()

    assert "1 step is left out" in html
    assert html.count('class="tl-bar"') == 1


def test_simulator_tells_across_which_clock_change_it_goes(client, owner, protocol):
    asked_for = {"ended_at": "2026-03-28T15:00", "zone": "Europe/London"}

    html = client.get(page("plan", protocol.pk), asked_for).content.decode()

    assert "go 60 minutes forward on Sunday 29 March 2026" in html
    assert "Sun 29 Mar 2026, 09:00" in html


def test_picture_with_an_impossible_time_says_what_to_write(client, owner, protocol):
    html = client.post(page("timeline", protocol.pk), asked(protocol, ended_at="never")).content.decode()

    assert "Write a date and a time" in html


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_picture_of_edits_is_for_writers(client, clinic, protocol, role):
    client.force_login(factories.user(clinic, role))

    assert client.post(page("timeline", protocol.pk), asked(protocol)).status_code == 403
    assert 'class="tl-bar"' in client.get(page("change", protocol.pk)).content.decode()


def test_picture_of_another_clinics_protocol_is_not_found(client, owner):
    foreign = factories.protocol(factories.clinic())

    assert client.post(page("timeline", foreign.pk), asked(foreign)).status_code == 404
