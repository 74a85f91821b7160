"""A tick shows itself, tidies, says how much there is to do, and lets no defect keep what is due waiting."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from aftercare.outbox import ticking
from aftercare.outbox.heartbeat import LOOP_TICK, beat
from aftercare.outbox.models import Heartbeat, Tally
from aftercare.outbox.ticking import tick_once

pytestmark = pytest.mark.django_db


def fail(error):
    def step():
        raise error

    return step


def test_tick_leaves_its_sign_and_says_how_many_drains_have_work(at, settings, make_message):
    settings.CLAIM_CHUNK = 1
    make_message()
    make_message()

    worth = tick_once(LOOP_TICK)

    assert worth == 2
    assert Heartbeat.objects.get().name == LOOP_TICK


def test_tick_reaps(at, claimed):
    at.now = claimed.lease_until + timedelta(seconds=1)

    tick_once(LOOP_TICK)

    claimed.refresh_from_db()
    assert claimed.status == "scheduled"


def test_tick_forgets_signs_and_slots_of_long_ago(at):
    beat("worker:one:7", now=at.now - timedelta(days=2))
    Tally.objects.create(name="sent_slot", label="2026-01-01T00:00:00Z", value=7)

    tick_once(LOOP_TICK)

    assert list(Heartbeat.objects.values_list("name", flat=True)) == [LOOP_TICK]
    assert not Tally.objects.exists()


def test_defect_of_one_step_keeps_neither_the_next_nor_what_is_due_waiting(
    at, scheduled, monkeypatch, caplog
):
    done = []
    monkeypatch.setattr(ticking, "STEPS", (fail(ZeroDivisionError()), lambda: done.append(1)))

    assert tick_once(LOOP_TICK) == 1
    assert done == [1]
    assert "tick_step_failed" in caplog.text


def test_database_that_goes_away_in_a_step_is_the_callers_to_know(at, monkeypatch):
    monkeypatch.setattr(ticking, "STEPS", (fail(OperationalError()),))

    with pytest.raises(OperationalError):
        tick_once(LOOP_TICK)
