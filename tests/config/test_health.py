"""What a container's health check finds out."""

import socket
from datetime import UTC, datetime, timedelta

import pytest

from aftercare.outbox.heartbeat import this_worker
from aftercare.outbox.models import Heartbeat
from config import health, parts
from tests.services.processes import free_port


def beat(name, *, seconds_ago):
    Heartbeat.objects.create(name=name, at=datetime.now(UTC) - timedelta(seconds=seconds_ago))


def test_web_answers_on_its_port(live_server, settings):
    settings.ALLOWED_HOSTS = ["aftercare.example.com"]

    assert parts.web_answers(live_server.thread.port)


def test_web_does_not_answer_where_nobody_listens():
    assert not parts.web_answers(free_port())


@pytest.mark.parametrize(("seconds_ago", "recent"), [(5, True), (90, False)])
def test_tick_is_recent_for_a_minute(db, seconds_ago, recent):
    beat("tick:broker", seconds_ago=seconds_ago)

    assert (parts.beat_ticks(), parts.tick_is_recent()) == (recent, recent)


def test_tick_that_never_came_is_not_recent(db):
    assert (parts.beat_ticks(), parts.tick_is_recent()) == (False, False)


def test_tick_of_a_loop_says_nothing_of_beat(db):
    beat("tick:loop", seconds_ago=5)

    assert (parts.beat_ticks(), parts.tick_is_recent()) == (False, True)


@pytest.mark.parametrize(("seconds_ago", "lives"), [(30, True), (90, False)])
def test_scheduler_lives_while_its_sign_is_young(db, seconds_ago, lives):
    beat(this_worker(), seconds_ago=seconds_ago)

    assert parts.scheduler_lives() is lives


def test_sign_of_another_machine_does_not_count(db):
    beat("worker:elsewhere:1", seconds_ago=5)

    assert not parts.scheduler_lives()


def test_every_check_can_be_named():
    assert set(health.NAMES) == parts.CHECKS.keys()


@pytest.mark.parametrize("arguments", [[], ["database"], ["web", "beat"]])
def test_check_without_one_known_part_says_what_to_name(arguments):
    with pytest.raises(SystemExit, match=r"web\|worker\|beat"):
        health.main(arguments)


@pytest.mark.services
def test_worker_answers_while_it_runs(deployment):
    worker = deployment.start("worker", "celery", "-A", "config", "worker", "-c", "1").until_printed("ready.")

    while_running = deployment.start("health", "config.health", "worker").wait()
    worker.stop()
    afterwards = deployment.start("health", "config.health", "worker").wait()

    assert (while_running, afterwards) == (0, 1)


@pytest.mark.services
def test_beat_is_healthy_once_its_tick_came_through(deployment):
    before = deployment.start("health", "config.health", "beat").wait()
    deployment.worker()
    deployment.beat().until(Heartbeat.objects.filter(name="tick:broker").exists, "a tick")

    afterwards = deployment.start("health", "config.health", "beat").wait()

    assert (before, afterwards) == (1, 0)


@pytest.mark.services
def test_check_without_a_database_fails_in_one_line(deployment):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # taken, so that nobody else's server comes to listen there
        nowhere = f"postgres://aftercare@127.0.0.1:{silent.getsockname()[1]}/aftercare"

        check = deployment.start("health", "config.health", "scheduler", DATABASE_URL=nowhere)

        assert check.wait() == 1
    assert check.printed().strip().splitlines()[-1] == "The database does not answer: OperationalError"
    assert "Traceback" not in check.printed()
