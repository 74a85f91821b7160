"""``manage.py simulate``: only those tests that use a clinic touch the database."""

import json
from datetime import time

import pytest
from django.core.management import CommandError, call_command

from tests import factories
from tests.factories import ELAPSED, WALL_TIME

ENDED = "2026-03-28T15:00"
LONDON = "Europe/London"
KEYS = {"step", "kind", "send_at", "local", "latest", "status", "reason"}


def _run(capsys, **over):
    options = {"protocol": "microneedling", "ended_at": ENDED, "zone": LONDON, **over}
    call_command("simulate", **options)
    return capsys.readouterr().out


def _plan(capsys, **over):
    return {row["step"]: row for row in json.loads(_run(capsys, json=True, **over))}


def test_json_has_an_object_with_these_keys_for_each_step(capsys):
    plan = _plan(capsys)

    assert list(plan) == ["first-night", "day-1", "day-2", "day-3", "day-7", "day-21", "day-35"]
    assert {frozenset(row) for row in plan.values()} == {frozenset(KEYS)}


def test_elapsed_step_is_given_in_utc_and_on_the_local_clock(capsys):
    row = _plan(capsys)["first-night"]

    assert row == {
        "step": "first-night",
        "kind": "elapsed",
        "send_at": "2026-03-28T16:00:00+00:00",
        "local": "2026-03-28T16:00:00+00:00",
        "latest": "2026-03-28T19:00:00+00:00",
        "status": "scheduled",
        "reason": "",
    }


def test_wall_time_step_follows_the_clock_change(capsys):
    row = _plan(capsys)["day-1"]

    assert (row["kind"], row["send_at"]) == ("wall_time", "2026-03-29T08:00:00+00:00")
    assert row["local"] == "2026-03-29T09:00:00+01:00"


def test_late_entry_misses_what_has_passed_and_sends_the_rest_now(capsys):
    plan = _plan(capsys, recorded_at="2026-03-29T12:00")

    assert (plan["first-night"]["status"], plan["first-night"]["reason"]) == (
        "missed",
        "Its window has passed.",
    )
    assert plan["day-1"]["send_at"] == "2026-03-29T11:00:00+00:00"
    assert "its own time had passed" in plan["day-1"]["reason"].lower()


def test_quiet_hours_move_a_step_and_say_so(capsys):
    row = _plan(capsys, quiet="20:00-09:30")["day-1"]

    assert row["local"] == "2026-03-29T09:30:00+01:00"
    assert row["reason"] == "Moved to the end of quiet hours."


def test_quiet_hours_can_be_left_out(capsys):
    row = _plan(capsys, quiet="none", recorded_at="2026-03-30T23:00")["day-2"]

    assert row["local"] == "2026-03-30T23:00:00+01:00"


@pytest.mark.parametrize(
    ("zone", "ended_at", "step", "local", "reason"),
    [
        ("Pacific/Apia", "2011-12-28T15:00", "day-2", "2011-12-31T00:00:00+14:00", "skips"),
        ("Europe/London", "2026-10-24T15:00", "day-1", "2026-10-25T09:00:00+00:00", ""),
    ],
)
def test_hard_zones_are_placed_as_the_clock_shows_them(capsys, zone, ended_at, step, local, reason):
    row = _plan(capsys, zone=zone, ended_at=ended_at, quiet="none")[step]

    assert row["local"] == local
    assert reason in row["reason"]


def test_table_is_aligned_and_names_the_zone(capsys):
    lines = _run(capsys).splitlines()

    column = lines[0].index("UTC")
    assert LONDON in lines[0]
    assert all(line[column : column + 5] == "2026-" for line in lines[1:])


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("en-GB", "Sat, 28 Mar 2026 16:00"),
        ("en-US", "Sat, Mar 28, 2026 16:00"),
        ("es-ES", "sáb, 28 mar 2026 16:00"),
    ],
)
def test_table_writes_dates_as_the_locale_does(capsys, locale, shown):
    assert shown in _run(capsys, locale=locale)


@pytest.mark.parametrize(
    ("over", "cure"),
    [
        ({"protocol": "laser"}, "Choose one of: microneedling."),
        ({"zone": "London"}, "Did you mean Europe/London"),
        ({"zone": None}, "Give the time zone"),
        ({"ended_at": "tomorrow"}, "Write it like 2026-03-28T15:00."),
        ({"ended_at": "2026-03-29T01:30"}, "does not exist in Europe/London"),
        ({"recorded_at": "2026-03-27T15:00"}, "Give a later time"),
        ({"quiet": "late"}, "Write it like 21:00-08:00"),
        ({"quiet": "21:00-25:00"}, "Write it like 21:00-08:00"),
        ({"locale": "fr-FR"}, "Choose one of: en-GB, en-US, es-ES, es-MX, ar."),
    ],
)
def test_bad_input_is_one_line_with_its_cure(capsys, over, cure):
    with pytest.raises(CommandError, match=r"^--") as error:
        _run(capsys, **over)

    assert cure in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.returncode == 2


@pytest.mark.django_db
def test_clinics_own_protocol_brings_its_zone_quiet_hours_and_enabled_steps(capsys):
    clinic = factories.clinic(time_zone="America/New_York", quiet_until=time(9, 30))
    off = {**WALL_TIME, "slug": "off", "enabled": False}
    protocol = factories.protocol(clinic, steps=(ELAPSED, WALL_TIME, off))

    plan = _plan(capsys, protocol=protocol.slug, clinic=clinic.slug, zone=None)

    assert list(plan) == ["first-night", "day-1"]
    assert plan["day-1"]["local"] == "2026-03-29T09:30:00-04:00"


@pytest.mark.django_db
def test_unknown_clinic_is_refused_with_those_there_are(capsys):
    clinic = factories.clinic()

    with pytest.raises(CommandError, match=clinic.slug):
        _run(capsys, clinic="nowhere")


@pytest.mark.django_db
def test_unknown_protocol_of_a_clinic_is_refused_with_those_it_has(capsys):
    protocol = factories.protocol(factories.clinic())

    with pytest.raises(CommandError, match=protocol.slug):
        _run(capsys, clinic=protocol.clinic.slug, protocol="laser")
