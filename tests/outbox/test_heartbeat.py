"""Signs of life: who was seen, how lately, and who is forgotten."""

import os
from datetime import timedelta

import pytest

from aftercare.outbox.heartbeat import (
    BROKER_TICK,
    LOOP_TICK,
    beat,
    forget,
    forget_stale,
    last_tick,
    last_ticks,
    seen_here,
    this_worker,
    workers_seen,
)
from aftercare.outbox.models import Heartbeat

pytestmark = pytest.mark.django_db


def names():
    return sorted(Heartbeat.objects.values_list("name", flat=True))


def test_sign_given_twice_is_one_row_with_the_later_time(at):
    beat(BROKER_TICK, now=at.now)
    beat(BROKER_TICK, now=at.pass_(seconds=5))

    assert list(Heartbeat.objects.values_list("name", "at")) == [(BROKER_TICK, at.now)]


def test_last_tick_is_the_newest_of_both_kinds_and_never_a_worker(at):
    beat(BROKER_TICK, now=at.now - timedelta(minutes=3))
    beat(LOOP_TICK, now=at.now - timedelta(minutes=2))
    beat(this_worker(), now=at.now)

    assert last_tick() == at.now - timedelta(minutes=2)
    assert set(last_ticks()) == {BROKER_TICK, LOOP_TICK}


def test_engine_that_never_ticked_has_no_last_tick():
    assert last_tick() is None


@pytest.mark.parametrize(("seconds", "count"), [(59, 1), (61, 0)])
def test_worker_is_seen_for_a_minute(at, seconds, count):
    beat("worker:one:7", now=at.now - timedelta(seconds=seconds))
    beat(BROKER_TICK, now=at.now)

    assert workers_seen(now=at.now) == count


def test_worker_of_this_host_is_seen_here_and_another_is_not(at):
    beat("worker:elsewhere:7", now=at.now)
    before = seen_here(now=at.now)
    beat(this_worker(), now=at.now)

    assert (before, seen_here(now=at.now)) == (False, True)


def test_worker_is_named_after_its_process_and_fits_its_column(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "a-very-long-host-name." * 5)
    monkeypatch.setattr("os.getpid", lambda: 4194304)

    assert this_worker().endswith(f":{os.getpid()}")
    assert len(this_worker()) <= 40


def test_part_that_ended_is_forgotten_and_only_that(at):
    beat("worker:one:7", now=at.now)
    beat("worker:one:8", now=at.now)

    forget("worker:one:7")
    forget("worker:one:7")

    assert names() == ["worker:one:8"]


def test_signs_older_than_a_day_are_forgotten(at):
    beat("worker:one:7", now=at.now - timedelta(hours=25))
    beat("worker:one:8", now=at.now - timedelta(hours=23))

    forget_stale(now=at.now)

    assert names() == ["worker:one:8"]
