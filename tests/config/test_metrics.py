"""The numbers for Prometheus: who may read them, and what they say."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from prometheus_client.parser import text_string_to_metric_families

from aftercare.outbox import clock
from aftercare.outbox.models import ChannelRest, DeliveryEvent, Heartbeat
from aftercare.outbox.tallying import ATTEMPTS, WEBHOOK_LAG, Tallies
from tests import factories

TOKEN = "0123456789abcdef"


@pytest.fixture
def now(db):
    return clock.database_now()


@pytest.fixture
def samples(client, settings, now):
    """What a scrape says: name and labels → value."""
    settings.METRICS_TOKEN = TOKEN

    def scrape():
        response = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        families = text_string_to_metric_families(response.content.decode())
        found = {}
        for sample in (sample for family in families for sample in family.samples):
            found[sample.name, *sample.labels.values()] = sample.value
        return found

    return scrape


@pytest.mark.parametrize("given", [None, "Bearer", "Bearer wrong-0123456789", f"Basic {TOKEN}", TOKEN])
def test_metrics_are_for_those_who_have_the_token(client, settings, db, given):
    settings.METRICS_TOKEN = TOKEN

    response = client.get("/metrics", headers={"authorization": given} if given else {})

    assert (response.status_code, response.content) == (401, b"")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("embedded", "address", "status"),
    [(True, "127.0.0.1", 200), (True, "192.0.2.7", 404), (False, "127.0.0.1", 404)],
)
def test_metrics_without_a_token_are_for_this_machine_alone(client, settings, db, embedded, address, status):
    settings.METRICS_TOKEN, settings.EMBEDDED = "", embedded

    assert client.get("/metrics", REMOTE_ADDR=address).status_code == status


def test_metrics_without_a_token_are_not_for_a_foreign_name_that_leads_here(client, settings, db):
    settings.METRICS_TOKEN, settings.ALLOWED_HOSTS = "", ["localhost"]

    assert client.get("/metrics", headers={"host": "evil.example.com"}).status_code == 404


def test_metrics_without_a_database_say_so_and_no_more(client, settings, monkeypatch):
    def away():
        raise OperationalError("s3cret")

    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(clock, "database_now", away)

    response = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})

    assert (response.status_code, response.content) == (503, b"")


def test_scrape_of_an_empty_outbox_has_every_number_at_zero(samples):
    found = samples()

    assert found["aftercare_attempts_total", "sent"] == 0
    assert found["aftercare_due_to_sent_seconds_count",] == 0
    assert found["aftercare_due_messages", "over_1h"] == 0
    assert found["aftercare_messages", "unknown"] == 0
    assert found["aftercare_workers",] == 0


def test_tallies_become_counters_and_a_cumulative_histogram(samples):
    counted = Tallies()
    counted.count(ATTEMPTS, "sent", by=3)
    for seconds in (0.5, 4, 4000):
        counted.observe_latency(seconds)
    counted.observe(WEBHOOK_LAG, 2)
    counted.flush()

    found = samples()

    assert found["aftercare_attempts_total", "sent"] == 3
    buckets = [found["aftercare_due_to_sent_seconds_bucket", bound] for bound in ("1", "5", "3600", "+Inf")]
    assert buckets == [1, 2, 2, 3]
    assert found["aftercare_due_to_sent_seconds_sum",] == 4004.5
    assert found["aftercare_webhook_lag_seconds_count",] == 1


def test_backlog_is_told_by_age(samples, now):
    clinic = factories.clinic()
    for age in (timedelta(seconds=5), timedelta(minutes=3), timedelta(hours=2)):
        factories.message(factories.treatment_session(clinic), send_at=now - age)

    found = samples()

    ages = ("under_1m", "1m_to_5m", "5m_to_1h", "over_1h")
    assert [found["aftercare_due_messages", age] for age in ages] == [1, 1, 0, 1]
    assert 7200 <= found["aftercare_oldest_due_seconds",] < 7260


def test_engine_and_mail_services_are_told(samples, now):
    Heartbeat.objects.create(name="tick:broker", at=now - timedelta(seconds=9))
    Heartbeat.objects.create(name="worker:one:7", at=now)
    ChannelRest.objects.create(channel="Resend", since=now, until=now, refused=True)
    DeliveryEvent.objects.create(received_at=now - timedelta(seconds=30), fingerprint="f")

    found = samples()

    assert 9 <= found["aftercare_tick_age_seconds", "broker"] < 60
    assert found["aftercare_workers",] == 1
    assert found["aftercare_channel_rests", "true"] == 1
    assert found["aftercare_webhook_events_waiting",] == 1
    assert found["aftercare_webhook_oldest_waiting_seconds",] >= 30
