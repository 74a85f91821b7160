"""A tick shows itself, tidies, says how much there is to do, and lets no defect keep what is due waiting."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from aftercare.outbox import ticking
from aftercare.outbox.heartbeat import LOOP_TICK, beat
from aftercare.outbox.looking import AGAIN_AFTER, look
from aftercare.outbox.models import DeliveryEvent, Heartbeat, Tally
from aftercare.outbox.ticking import tick_once

pytestmark = pytest.mark.django_db


def fail(error):
    def step(sight):
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

    ticking.tidy.next_at = float("-inf")
    tick_once(LOOP_TICK)

    assert list(Heartbeat.objects.values_list("name", flat=True)) == [LOOP_TICK]
    assert not Tally.objects.exists()


def test_defect_of_one_step_keeps_neither_the_next_nor_what_is_due_waiting(
    at, scheduled, monkeypatch, caplog
):
    done = []
    monkeypatch.setattr(ticking, "STEPS", (fail(ZeroDivisionError()), lambda sight: done.append(1)))

    assert tick_once(LOOP_TICK) == 1
    assert done == [1]
    assert "tick_step_failed" in caplog.text


def test_database_that_goes_away_in_a_step_is_the_callers_to_know(at, monkeypatch):
    monkeypatch.setattr(ticking, "STEPS", (fail(OperationalError()),))

    with pytest.raises(OperationalError):
        tick_once(LOOP_TICK)


def test_idle_tick_asks_the_database_thrice_whatever_is_stored(at, make_message, django_assert_num_queries):
    make_message(due_at=at.now + timedelta(hours=1))
    make_message(status="sent")
    tick_once(LOOP_TICK)

    with django_assert_num_queries(2):  # and the clock, which stands still here
        assert tick_once(LOOP_TICK) == 0


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"status": "claimed"}, "leases"),
        ({"status": "sending"}, "leases"),
        ({"status": "scheduled"}, "late"),
        ({"status": "held"}, "late"),
        ({"status": "scheduled"}, "due"),
        ({"status": "scheduled", "safety_critical": False}, "due"),
    ],
)
def test_look_sees_what_there_is_to_do(at, make_message, fields, seen):
    message = make_message(**fields)
    assert not getattr(look(now=message.send_at - timedelta(seconds=1)), seen)

    assert getattr(look(now=message.latest_at + timedelta(days=1)), seen)


def test_look_sees_new_reports_and_those_to_be_judged_again(at):
    event = DeliveryEvent.objects.create(provider="p", event_type="sent", received_at=at.now, fingerprint="f")
    assert look(now=at.now).events

    DeliveryEvent.objects.filter(pk=event.pk).update(verdict="unmatched", judged_at=at.now)

    assert not look(now=at.now).events
    assert look(now=at.now + AGAIN_AFTER).events
    assert not look(now=at.now + timedelta(hours=2)).events
