"""Web, worker and beat as real processes on real servers."""

import signal
from pathlib import Path

import pytest
from django.db import connection

from aftercare.outbox.models import Heartbeat
from tests.services.processes import wait_for

pytestmark = pytest.mark.services


def test_beat_wakes_the_worker_through_redis(deployment):
    deployment.worker()
    deployment.beat()

    assert wait_for(Heartbeat.objects.filter(name="tick:broker").exists, "a tick")


def test_worker_goes_on_when_redis_comes_back_empty(deployment, redis):
    deployment.worker()
    deployment.beat()
    before = wait_for(Heartbeat.objects.filter(name="tick:broker").first, "a tick").at

    redis.restart()

    assert wait_for(
        Heartbeat.objects.filter(name="tick:broker", at__gt=before).exists, "a tick after the restart"
    )


def test_web_answers_with_the_log_in_page(deployment):
    web = deployment.web()

    assert web.status("/admin/login/") == 200


def test_worker_and_beat_end_when_asked(deployment):
    worker, beat = deployment.worker(), deployment.beat()
    beat.until(lambda: minds(beat.pid, signal.SIGTERM), "beat that minds being asked")

    assert (worker.stop(), beat.stop()) == (0, 0)


def minds(pid, number):
    """Whether the process has a handler for the signal; beat shows itself a moment before it has."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return int(caught, 16) >> (number - 1) & 1


def test_web_goes_on_with_the_connections_it_kept_when_the_database_was_restarted(deployment, postgres):
    web = deployment.web()
    kept = [web.status("/c/no-link/") for _ in range(8)]  # two for each thread; it asks the database's clock

    connection.close()
    postgres.restart()

    assert kept == [web.status("/c/no-link/") for _ in range(8)] == [404] * 8
