"""Redis emptied, killed, restarted and away: only wake-ups are lost, and the next tick wakes again."""

import os
import signal
import time

import pytest

pytestmark = pytest.mark.services

PACE = 0.05  # seconds that the mail server takes for a message
AWAY = float(os.environ.get("FAULT_AWAY_SECONDS", "5"))


def empty(redis):
    redis.empty()


def kill(redis):
    redis.restart()


def restart(redis):
    redis.process.stop(signal.SIGTERM)
    redis.start()


def stay_away(redis):
    redis.process.kill()
    time.sleep(AWAY)
    redis.start()


FAULTS = {
    "Redis emptied (FLUSHALL)": empty,
    "Redis killed (-9) and back": kill,
    "Redis restarted": restart,
    f"Redis away for {AWAY:g} s": stay_away,
}


@pytest.fixture
def sending(engine, mailbox):
    mailbox.delay_seconds = PACE
    engine.beat()
    return engine.worker(concurrency=2).until_printed("ready.")


def test_broker_that_loses_everything_costs_only_time(sending, redis, runs, subtests):
    for name, harm in FAULTS.items():
        with subtests.test(name):
            for run in runs(name):
                run.due(30)
                run.any_instant()
                harm(redis)
                run.due(10)
                run.until_settled()
                run.expect(sending.alive(), "a worker that lives on")
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
