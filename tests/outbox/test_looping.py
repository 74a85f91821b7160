"""The loop that needs no broker: it ticks, drains, stands in for others, and outlives the database."""

import time
from datetime import timedelta

import pytest
from django.db import OperationalError

from aftercare.outbox import looping, stopping
from aftercare.outbox.heartbeat import BROKER_TICK, LOOP_TICK, beat, this_worker
from aftercare.outbox.looping import Loop
from aftercare.outbox.models import Heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def watch(monkeypatch):
    """The machine's own clock, standing still."""

    class Watch:
        seconds = 100.0

    monkeypatch.setattr(time, "monotonic", lambda: Watch.seconds)
    return Watch


@pytest.fixture
def ticks(monkeypatch):
    """Counts ticks instead of making them."""
    made = []
    monkeypatch.setattr(looping, "tick_once", made.append)
    return made


@pytest.fixture
def asked():
    yield stopping
    stopping.reset()


def test_loop_sends_what_is_due_and_looks_again_at_once(at, provider, scheduled):
    loop = Loop()
    pauses = [loop.step(), loop.step()]

    scheduled.refresh_from_db()
    assert scheduled.status == "sent"
    assert pauses == [0, 1]


def test_loop_with_nothing_due_waits_a_second(at, provider, make_message):
    make_message(due_at=at.now + timedelta(seconds=1))

    assert Loop().step() == 1
    assert provider.taken == []


def test_loop_leaves_a_tick_and_its_own_sign(at, provider):
    Loop().step()

    assert set(Heartbeat.objects.values_list("name", flat=True)) == {LOOP_TICK, this_worker()}


def test_loop_ticks_no_oftener_than_it_should(at, watch, ticks, settings):
    settings.TICK_SECONDS = 5
    loop = Loop()
    for _ in range(11):
        loop.step()
        watch.seconds += 1

    assert len(ticks) == 3


def test_loop_in_trouble_does_not_go_round_in_circles(at, provider, scheduled):
    provider.opening_errors = [ConnectionRefusedError()]
    loop = Loop()
    loop.step()

    assert loop.step() == 1


@pytest.mark.parametrize(("seconds_ago", "status"), [(14, "scheduled"), (16, "sent")])
def test_standby_works_only_when_no_tick_comes_through_the_broker(
    at, provider, scheduled, seconds_ago, status
):
    beat(BROKER_TICK, now=at.now - timedelta(seconds=seconds_ago))

    Loop(standby=True).step()

    scheduled.refresh_from_db()
    assert scheduled.status == status


def test_standby_is_as_patient_as_the_ticks_are_slow(at, ticks, settings):
    settings.TICK_SECONDS = 60
    beat(BROKER_TICK, now=at.now - timedelta(seconds=100))

    Loop(standby=True).step()

    assert ticks == []


def test_standby_stands_back_when_the_broker_does_its_work_again(at, ticks, watch, caplog):
    loop = Loop(standby=True)
    loop.step()
    beat(BROKER_TICK, now=at.now)
    watch.seconds += 60
    loop.step()

    assert ticks == [LOOP_TICK]
    assert [word for word in ("standing_in", "standing_back") if word in caplog.text] == [
        "standing_in",
        "standing_back",
    ]


def test_standby_shows_that_it_lives_while_it_stands_back(at):
    beat(BROKER_TICK, now=at.now)

    Loop(standby=True).step()

    assert Heartbeat.objects.filter(name=this_worker()).exists()


def test_loop_tells_once_that_the_database_is_away_and_goes_on(at, monkeypatch, provider, caplog):
    loop = Loop()
    with monkeypatch.context() as broken:
        broken.setattr(looping, "beat", lambda *args, **kwargs: (_ for _ in ()).throw(OperationalError()))
        broken.setattr(looping.connection, "close", lambda: None)
        pauses = [loop.step() for _ in range(3)]
        loop._next_sign = 0

    loop.step()

    assert pauses == [1, 1, 1]
    assert caplog.text.count("database_away") == 1
    assert caplog.text.count("database_back") == 1


def test_loop_outlives_a_defect_and_rests_a_little(at, monkeypatch, caplog):
    monkeypatch.setattr(looping, "tick_once", lambda name: 1 / 0)
    monkeypatch.setattr(looping.connection, "close", lambda: None)

    assert Loop().step() == 5
    assert "loop_failed" in caplog.text


def test_loop_that_is_asked_to_stop_signs_off_and_ends(at, asked, ticks, monkeypatch):
    monkeypatch.setattr(looping.connection, "close", lambda: None)
    monkeypatch.setattr(time, "sleep", lambda seconds: asked.ask())

    Loop().run()

    assert ticks == [LOOP_TICK]
    assert not Heartbeat.objects.filter(name=this_worker()).exists()
