"""Workers and beats that are killed, frozen, doubled, and asked to stop."""

import signal
import time
from datetime import timedelta

import psutil
import pytest

from aftercare.outbox.clock import database_now
from aftercare.outbox.models import Attempt, Status
from tests.services.processes import wait_for

pytestmark = pytest.mark.services

PACE = 0.05  # seconds that the mail server takes for a message


@pytest.fixture
def paced(mailbox):
    mailbox.delay_seconds = PACE
    return mailbox


def test_workers_killed_leave_one_in_doubt_for_each_sender(engine, paced, runs):
    engine.beat()
    workers = [engine.worker(concurrency=2)]
    for run in runs("worker of two senders killed (-9)"):
        workers.append(engine.worker(concurrency=2))
        run.due(40)
        run.any_instant()
        workers.pop(0).kill()
        run.until_settled()
        run.judge(unknown=2)


def test_message_of_a_killed_worker_is_sent_again_only_where_its_step_says_so(engine, paced, runs):
    engine.beat()
    workers = [engine.worker()]
    for run in runs("worker killed (-9), the step says send again"):
        workers.append(engine.worker())
        run.due(30, unknown_policy="send_again")
        run.any_instant()
        workers.pop(0).kill()
        run.until_settled(hurried=True)
        run.expect(len(paced.copies()) == 30 * run.number, "one Message-ID for all copies of a message")
        run.judge(again=1)


def test_worker_killed_after_the_server_took_the_message_leaves_it_in_doubt(engine, mailbox, runs):
    engine.beat()
    worker = engine.worker()
    for run in runs("worker killed (-9) while the server's answer is due"):
        mailbox.misbehave("data", "hang", times=1)
        run.due(6)
        run.until_reached(1)
        worker.kill()
        worker = engine.worker()
        run.until_settled()
        lost = Attempt.objects.get(outcome="unknown", message__in=run.ids)
        run.expect(lost.error == "worker_lost", "said that the worker was lost")
        run.judge(unknown=1)


def test_child_killed_is_replaced_and_leaves_one_in_doubt(engine, paced, runs):
    engine.beat()
    worker = engine.worker()
    for run in runs("one child of a worker killed (-9)"):
        run.due(30)
        run.any_instant()
        for child in psutil.Process(worker.pid).children():
            child.kill()
        run.until_settled()
        run.expect(worker.alive(), "alive")
        run.judge(unknown=1)


def test_beat_killed_costs_only_time(engine, paced, runs):
    engine.worker()
    beat = engine.beat()
    for run in runs("beat killed (-9)"):
        run.due(20)
        run.any_instant()
        beat.kill()
        run.due(20)
        beat = engine.beat()
        run.until_settled()
        run.judge()


def test_worker_and_beat_killed_leave_one_in_doubt(engine, paced, runs):
    worker, beat = engine.worker(), engine.beat()
    for run in runs("worker and beat killed (-9)"):
        run.due(30)
        run.any_instant()
        worker.kill()
        beat.kill()
        worker, beat = engine.worker(), engine.beat()
        run.until_settled()
        run.judge(unknown=1)


def test_worker_frozen_for_longer_than_its_lease_changes_nothing_when_it_wakes(engine, paced, runs):
    """It may finish the one call it was in; the rest has gone to others."""
    engine.beat()
    workers = [engine.worker()]
    for run in runs("worker frozen past its lease, then woken"):
        workers.append(engine.worker())
        run.due(30)
        run.any_instant()
        frozen = workers.pop(0)
        frozen.signal_group(signal.SIGSTOP)
        until_leases_end(run)
        frozen.signal_group(signal.SIGCONT)
        frozen.stop()
        run.until_settled()
        run.judge(unknown=1)


def until_leases_end(run):
    """And a tick more, so that others have taken what was held."""
    held = run.rows().filter(status__in=(Status.CLAIMED, Status.SENDING))
    end = max([database_now(), *held.values_list("lease_until", flat=True)]) + timedelta(seconds=1)
    wait_for(lambda: database_now() > end, "the leases to end")


@pytest.mark.on_time
def test_worker_asked_to_stop_finishes_one_and_gives_back_the_rest(engine, mailbox, runs):
    engine.beat()
    worker = engine.worker()
    for run in runs("worker asked to stop (TERM), 0.5 s a message"):
        mailbox.delay_seconds = 0.5
        run.due(20)
        run.until_reached(2)
        time.sleep(run.dice.uniform(0, 0.5))
        asked = time.monotonic()
        run.expect(worker.stop(signal.SIGTERM, seconds=15) == 0, "ended by itself")
        run.expect(time.monotonic() - asked < 10, "ended within 10 s")
        in_hand = {Status.CLAIMED, Status.SENDING} & set(run.counted())
        run.expect(not in_hand, "empty-handed")
        mailbox.behave()
        worker = engine.worker()
        run.until_settled()
        run.judge()


@pytest.mark.on_time
def test_worker_asked_to_stop_hangs_up_on_a_server_that_does_not_answer(engine, mailbox, runs):
    engine.beat()
    for run in runs("worker asked to stop (TERM) while the mail server hangs"):
        mailbox.misbehave("data", "hang", times=2)
        worker = engine.worker()
        run.due(20)
        run.until_reached(1)
        asked = time.monotonic()
        run.expect(worker.stop(signal.SIGTERM, seconds=15) == 0, "ended by itself")
        run.expect(time.monotonic() - asked < 10, "ended within 10 s")
        mailbox.behave()
        worker = engine.worker()
        run.until_settled()
        run.judge(unknown=2)
        worker.stop(signal.SIGTERM)


def test_two_beats_and_ten_workers_send_each_message_once(engine, mailbox, runs):
    mailbox.delay_seconds = 0.02
    for _ in range(10):
        engine.worker()
    for _ in range(2):
        engine.beat()
    for run in runs("two beats, ten workers"):
        run.due(120)
        run.until_settled()
        run.judge()
