"""Workers, brokers and databases that die at the worst moment: nothing is lost, and nothing leaves twice."""

import signal
from datetime import timedelta

import psutil
import pytest
from django.db import connection

from aftercare.outbox.models import Attempt, ScheduledMessage, Status
from tests.services.processes import wait_for

pytestmark = pytest.mark.services


def being_sent():
    return ScheduledMessage.objects.filter(status=Status.SENDING).exists()


def children(worker):
    return psutil.Process(worker.pid).children()


def test_everything_due_leaves_once_whoever_sends_it(engine, due):
    """Three workers of two processes each and two beats, all on the same messages."""
    due(120)
    workers = [engine.worker(concurrency=2) for _ in range(3)]
    engine.beat()
    engine.beat()

    engine.until_settled()

    engine.assert_surely_once()
    assert all(worker.alive() for worker in workers)


def test_worker_killed_before_the_server_answers_leaves_one_in_doubt(engine, mailbox, due):
    due(6)
    mailbox.delay_seconds = 5
    worker = engine.worker()
    engine.beat()
    wait_for(being_sent, "a message in the call")

    worker.kill()
    mailbox.behave()
    engine.worker()

    engine.until_settled()
    engine.assert_surely_once(in_doubt=1)
    assert engine.statuses() == {"sent": 5, "unconfirmed": 1}
    assert Attempt.objects.get(outcome="unknown").error == "worker_lost"


def test_worker_killed_after_the_server_took_it_leaves_one_copy_in_doubt(engine, mailbox, due):
    messages = due(6)
    mailbox.misbehave("data", "hang", times=1)
    worker = engine.worker()
    engine.beat()
    wait_for(lambda: mailbox.messages, "the server to have taken one")

    worker.kill()
    engine.worker()

    engine.until_settled()
    engine.assert_surely_once(in_doubt=1)
    doubted = ScheduledMessage.objects.get(status=Status.UNCONFIRMED)
    assert engine.copies(doubted) == 1
    assert len(mailbox.messages) == len(messages)


def test_each_sender_killed_leaves_one_in_doubt(engine, mailbox, due):
    due(80)
    mailbox.delay_seconds = 1
    worker = engine.worker(concurrency=2)
    engine.beat()
    wait_for(
        lambda: ScheduledMessage.objects.filter(status=Status.SENDING).count() == 2, "two senders in the call"
    )

    worker.kill()
    mailbox.behave()
    engine.worker()

    engine.until_settled()
    engine.assert_surely_once(in_doubt=2)


def test_one_child_killed_is_replaced_and_leaves_one_in_doubt(engine, mailbox, due):
    due(6)
    mailbox.misbehave("data", "hang", times=1)
    worker = engine.worker()
    engine.beat()
    wait_for(lambda: mailbox.messages, "the server to have taken one")

    for child in children(worker):
        child.kill()

    engine.until_settled()
    engine.assert_surely_once(in_doubt=1)
    assert worker.alive()


def test_worker_asked_to_stop_finishes_what_it_has_in_hand(engine, mailbox, due):
    due(60)
    mailbox.delay_seconds = 0.2
    worker = engine.worker()
    engine.beat()
    wait_for(being_sent, "a message in the call")

    assert worker.stop(signal.SIGTERM, seconds=20) == 0

    assert set(engine.statuses()) == {"sent", "scheduled"}
    mailbox.behave()
    engine.worker()
    engine.until_settled()
    engine.assert_surely_once()


def test_broker_emptied_and_restarted_loses_and_doubles_nothing(engine, redis, mailbox, due):
    due(60)
    mailbox.delay_seconds = 0.05
    engine.worker(concurrency=2)
    engine.beat()
    wait_for(being_sent, "the first message")

    for _ in range(3):
        redis.empty()
        wait_for(being_sent, "sending to go on")
    redis.restart()

    engine.until_settled()
    engine.assert_surely_once()


def test_message_whose_wake_up_was_lost_is_found_by_the_next_tick(engine, redis, due):
    engine.worker()
    engine.beat()
    due(1)
    redis.empty()

    engine.until_settled(seconds=10)

    engine.assert_surely_once()


def test_database_restarted_in_the_middle_of_a_batch_doubles_nothing(engine, postgres, mailbox, due):
    due(40)
    mailbox.delay_seconds = 0.2
    engine.worker(concurrency=2)
    engine.beat()
    wait_for(being_sent, "the first message")

    connection.close()
    postgres.restart()

    engine.until_settled()
    engine.assert_surely_once(in_doubt=2)


def test_sender_asleep_for_longer_than_its_lease_changes_nothing_when_it_wakes(engine, mailbox, due):
    """It may finish the one call it was in; the rest has gone to others."""
    due(6)
    mailbox.misbehave("data", "hang", times=1)
    worker = engine.worker()
    engine.beat()
    wait_for(lambda: mailbox.messages, "the server to have taken one")
    worker.signal_group(signal.SIGSTOP)
    engine.worker()
    engine.until_settled()
    before = engine.statuses()

    worker.signal_group(signal.SIGCONT)
    mailbox.behave()
    worker.stop(seconds=40)

    engine.assert_surely_once(in_doubt=1)
    assert engine.statuses() == before == {"sent": 5, "unconfirmed": 1}


def test_lease_of_the_tests_is_as_short_as_they_assume(engine, mailbox, due):
    due(1)
    mailbox.misbehave("data", "hang", times=1)
    engine.worker()
    engine.beat()

    [lease] = wait_for(lambda: list(ScheduledMessage.objects.exclude(lease_until=None)), "a claimed message")
    attempt = wait_for(Attempt.objects.first, "its try")

    assert lease.lease_until - attempt.opened_at < timedelta(seconds=10)
