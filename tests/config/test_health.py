"""What a container's health check finds out."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.outbox.models import Heartbeat
from config import health
from tests.services.processes import free_port


def test_web_answers_on_its_port(live_server, settings):
    settings.ALLOWED_HOSTS = ["localhost"]

    assert health.web_answers(live_server.thread.port)


def test_web_does_not_answer_where_nobody_listens():
    assert not health.web_answers(free_port())


@pytest.mark.parametrize(("seconds_ago", "recent"), [(5, True), (90, False)])
def test_tick_is_recent_for_a_minute(db, seconds_ago, recent):
    Heartbeat.objects.create(name="tick", at=datetime.now(UTC) - timedelta(seconds=seconds_ago))

    assert health.tick_is_recent() is recent


def test_tick_that_never_came_is_not_recent(db):
    assert not health.tick_is_recent()


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
    deployment.beat().until(Heartbeat.objects.filter(name="tick").exists, "a tick")

    afterwards = deployment.start("health", "config.health", "beat").wait()

    assert (before, afterwards) == (1, 0)
