"""Web, worker and beat as real processes on real servers."""

import http.client
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from aftercare.outbox.links import CHECK_IN
from aftercare.outbox.models import Heartbeat
from tests import factories
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


def upload(megabytes):
    """The body of a form with one file of that size, a piece at a time."""
    yield b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
    for _number in range(megabytes):
        yield b"x" * 2**20
    yield b"\r\n--edge--\r\n"


def test_patient_who_sends_far_too_much_reads_why_and_does_not_lose_the_connection(deployment, settings):
    asking = factories.check_in_sent(factories.clinic(), at=timezone.now() - timedelta(hours=1))
    factories.check_in(asking)
    web = deployment.web(SECRET_KEY=settings.SECRET_KEY)
    path = CHECK_IN.url(asking.pk).removeprefix(settings.SITE_URL)
    length = sum(map(len, upload(100)))

    phone = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    sort = {"Content-Type": "multipart/form-data; boundary=edge", "Content-Length": str(length)}
    phone.request("POST", f"{path}photos/", body=upload(100), headers=sort)
    answer = phone.getresponse()

    assert answer.status == 422
    assert "Photos of up to 12 MB are taken." in answer.read().decode()


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
