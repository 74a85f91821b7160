"""The engine in one real process, without a broker, alone and on standby."""

import signal
import time

import pytest
from django.db import connection

from aftercare.outbox.models import Attempt, Heartbeat, ScheduledMessage, Status
from tests.services.processes import free_port, wait_for

pytestmark = pytest.mark.services


def being_sent():
    return ScheduledMessage.objects.filter(status=Status.SENDING).exists()


def seen(name):
    return list(Heartbeat.objects.filter(name__startswith=name).values_list("name", flat=True))


@pytest.fixture
def alone(engine):
    """Starts the loop in a deployment that names no broker at all."""
    engine.deployment.environ["REDIS_URL"] = "none"
    return engine.deployment.loop


def test_loop_alone_sends_everything_once(engine, alone, due):
    due(120)

    loop = alone()

    engine.until_settled()
    engine.assert_surely_once()
    assert seen("tick:") == ["tick:loop"]
    assert seen("worker:")[0].endswith(f":{loop.pid}")


@pytest.mark.on_time
def test_loop_sends_what_becomes_due_within_seconds(engine, alone, due):
    alone()

    due(1)

    engine.until_settled(seconds=5)
    engine.assert_surely_once()


def test_two_loops_and_two_workers_share_the_work(engine, due):
    due(120)
    loops = [engine.deployment.loop() for _ in range(2)]
    engine.worker(concurrency=2)
    engine.beat()

    engine.until_settled()

    engine.assert_surely_once()
    assert all(loop.alive() for loop in loops)


@pytest.mark.on_time
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_loop_asked_to_stop_ends_soon_and_leaves_nothing_in_doubt(engine, alone, mailbox, due, number):
    due(60)
    mailbox.delay_seconds = 0.3
    loop = alone()
    wait_for(being_sent, "a message in the call")

    started = time.monotonic()
    code = loop.stop(number, seconds=10)

    assert (code, time.monotonic() - started < 10) == (0, True)
    assert set(engine.statuses()) <= {"sent", "scheduled", "claimed"}
    assert seen("worker:") == []


@pytest.mark.on_time
def test_loop_whose_mail_server_hangs_ends_in_time_and_leaves_one_in_doubt(engine, alone, mailbox, due):
    due(3)
    mailbox.misbehave("data", "hang", times=1)
    loop = alone()
    wait_for(lambda: mailbox.messages, "the server to have taken one")

    started = time.monotonic()
    loop.send(signal.SIGTERM)
    code = loop.wait(seconds=10)

    assert (code, time.monotonic() - started < 10) == (0, True)
    alone()
    engine.until_settled()
    engine.assert_surely_once(in_doubt=1)
    assert Attempt.objects.get(outcome="unknown").error == "ConnectionLost"


def test_loop_outlives_the_database_and_tells_it_once(engine, alone, postgres, mailbox, due):
    due(40)
    mailbox.delay_seconds = 0.1
    loop = alone()
    wait_for(being_sent, "the first message")

    connection.close()
    postgres.process.stop(signal.SIGINT)
    loop.until_printed("database_away")
    postgres.start()

    engine.until_settled()
    engine.assert_surely_once(in_doubt=1)
    loop.until_printed("database_back")
    assert loop.printed().count("database_away") == 1


@pytest.mark.on_time
def test_standby_stands_in_when_redis_dies_and_back_when_it_lives(engine, redis, due):
    engine.worker()
    engine.beat()
    wait_for(lambda: seen("tick:broker"), "a tick through the broker")
    standby = engine.deployment.loop("--standby")
    due(3)
    engine.until_settled()
    idle_beside_workers = seen("tick:loop")

    redis.process.kill()
    due(3)
    standby.until_printed("standing_in")
    engine.until_settled(seconds=10)
    redis.start()
    standby.until_printed("standing_back", seconds=60)
    due(3)

    engine.until_settled()
    engine.assert_surely_once()
    assert idle_beside_workers == []


def test_worker_shows_itself_while_idle_and_signs_off(engine):
    worker = engine.worker(concurrency=2)

    names = wait_for(lambda: seen("worker:"), "the worker's sign")
    worker.stop()

    assert [name.rpartition(":")[2] for name in names] == [str(worker.pid)]
    assert seen("worker:") == []


def test_worker_goes_on_while_it_cannot_show_itself(engine, postgres):
    worker = engine.worker()
    wait_for(lambda: seen("worker:"), "the worker's sign")
    before = Heartbeat.objects.get(name__startswith="worker:").at

    connection.close()
    postgres.process.stop(signal.SIGINT)
    worker.until_printed("sign_of_life_not_written", seconds=40)
    postgres.start()

    wait_for(
        lambda: Heartbeat.objects.filter(name__startswith="worker:", at__gt=before).exists(),
        "a sign after the outage",
        seconds=40,
    )
    assert worker.alive()


@pytest.mark.parametrize("part", ["worker", "beat"])
def test_part_that_needs_a_broker_says_so_where_there_is_none(deployment, part):
    process = deployment.start(part, "celery", "-A", "config", part, REDIS_URL="none")

    assert process.wait() == 1
    assert "Start: manage.py run_scheduler" in process.printed()


def test_wake_up_without_a_broker_goes_nowhere(deployment):
    printed = deployment.manage(
        "shell", "-c", "from aftercare.outbox.waking import wake; print('woken', wake())", REDIS_URL="none"
    )

    assert "woken None" in printed
    assert "wake_up_not_published" not in printed


@pytest.mark.on_time
def test_loop_needs_no_broker_even_where_one_is_named(engine, due):
    due(1)

    engine.deployment.loop(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    engine.until_settled(seconds=10)
    engine.assert_surely_once()
