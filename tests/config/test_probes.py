"""The pages that machines ask: alive, ready, and which part is not."""

from datetime import UTC, datetime

import pytest
from django.db import OperationalError

from aftercare.outbox import clock
from aftercare.outbox.models import Heartbeat
from tests.services.processes import free_port, wait_for


@pytest.fixture
def ticking(db):
    Heartbeat.objects.create(name="tick:loop", at=datetime.now(UTC))


@pytest.fixture
def https(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["aftercare.example.com"]


def test_process_that_answers_is_alive_whatever_the_database_does(client):
    # No database fixture: a query would fail this test.
    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probe_may_ask_by_address_and_over_plain_http(client, https, ticking, settings, path):
    settings.METRICS_TOKEN = "0123456789abcdef"

    response = client.get(path, headers={"host": "10.0.0.7:8000", "authorization": "Bearer 0123456789abcdef"})

    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies


def test_other_pages_still_go_to_https_and_to_their_own_host_only(client, https):
    assert client.get("/admin/login/", headers={"host": "aftercare.example.com"}).status_code == 301
    assert client.get("/admin/login/", headers={"host": "10.0.0.7:8000"}).status_code == 400


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probe_only_reads(client, path):
    assert client.post(path).status_code == 405


def test_site_is_ready_while_every_part_works(client, ticking):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"ready": True, "parts": {"database": "ok", "tick": "ok"}}


def test_site_without_a_tick_is_not_ready(client, db):
    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"] == {"database": "ok", "tick": "fails"}


def test_site_without_its_broker_is_not_ready(client, ticking, settings, monkeypatch):
    settings.REDIS_URL = f"redis://nurse:s3cret@127.0.0.1:{free_port()}/0"
    monkeypatch.setattr("config.parts.app.conf.broker_write_url", settings.REDIS_URL)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"] == {"database": "ok", "broker": "fails", "tick": "ok"}
    assert b"s3cret" not in response.content


def test_site_without_its_database_is_not_ready_and_keeps_its_secrets(client, monkeypatch):
    def away():
        raise OperationalError("connection to server at db, user nurse, password s3cret failed")

    monkeypatch.setattr(clock, "database_now", away)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"] == {"database": "fails", "tick": "not known"}
    assert b"s3cret" not in response.content


@pytest.mark.services
def test_site_turns_not_ready_when_redis_goes_and_ready_when_it_comes_back(deployment, redis):
    deployment.worker()
    deployment.beat()
    web = deployment.web()
    wait_for(lambda: web.status("/readyz") == 200, "a site that is ready")

    redis.process.kill()
    without = wait_for(lambda: web.status("/readyz") == 503, "a site that is not")
    redis.start()

    assert without
    wait_for(lambda: web.status("/readyz") == 200, "a site that is ready again")


@pytest.mark.services
def test_site_turns_not_ready_when_nothing_ticks_any_more(deployment):
    loop = deployment.loop(REDIS_URL="none")
    web = deployment.web(REDIS_URL="none")
    wait_for(lambda: web.status("/readyz") == 200, "a site that is ready")

    loop.kill()
    Heartbeat.objects.filter(name="tick:loop").update(at=datetime(2026, 1, 1, tzinfo=UTC))

    assert web.status("/readyz") == 503
    assert web.status("/healthz") == 200
