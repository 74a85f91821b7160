"""Redis emptied, killed, restarted and away: only wake-ups are lost, and the next tick wakes again."""

import os
import signal
import time

import pytest

pytestmark = pytest.mark.services

PACE = 0.05  # seconds that the mail server takes for a message
AWAY = float(os.environ.get("FAULT_AWAY_SECONDS", "5"))


@pytest.fixture
def sending(engine, mailbox):
    mailbox.delay_seconds = PACE
    engine.worker(concurrency=2)
    engine.beat()


def test_broker_emptied_loses_nothing(sending, redis, runs):
    for run in runs("Redis emptied (FLUSHALL), three times"):
        run.due(30)
        for _ in range(3):
            run.any_instant()
            redis.empty()
            run.due(10)
        run.until_settled()
        run.judge()


def test_broker_killed_loses_nothing(sending, redis, runs):
    for run in runs("Redis killed (-9) and back"):
        run.due(30)
        run.any_instant()
        redis.process.kill()
        run.due(10)
        redis.start()
        run.until_settled()
        run.judge()


def test_broker_restarted_loses_nothing(sending, redis, runs):
    for run in runs("Redis restarted"):
        run.due(30)
        run.any_instant()
        redis.process.stop(signal.SIGTERM)
        run.due(10)
        redis.start()
        run.until_settled()
        run.judge()


def test_broker_away_costs_only_time(sending, redis, runs):
    for run in runs(f"Redis away for {AWAY:g} s"):
        run.due(30)
        run.any_instant()
        redis.process.kill()
        run.due(10)
        time.sleep(AWAY)
        redis.start()
        run.until_settled()
        run.judge()


def test_standby_sends_while_the_broker_is_away(sending, engine, redis, runs):
    engine.deployment.loop("--standby")
    for run in runs("Redis away, and a standby"):
        run.due(30)
        run.any_instant()
        redis.process.kill()
        run.due(10)
        run.until_settled()
        run.expect(not redis.process.alive(), "sent without Redis")
        redis.start()
        run.judge()
