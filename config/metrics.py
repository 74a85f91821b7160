"""``/metrics``: the outbox in Prometheus' text format, read from the database by any web process."""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from ipaddress import ip_address

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from aftercare.outbox import clock
from aftercare.outbox.figures import Figures, read_figures
from aftercare.outbox.models import AttemptOutcome
from aftercare.outbox.tallying import ATTEMPTS, LATENCY, SUM, WEBHOOK_LAG, cumulative, tallies

log = structlog.get_logger(__name__)


class OutboxCollector(Collector):
    """Reads everything at each scrape, so that all web processes say the same."""

    def collect(self) -> Iterable[Metric]:
        figures, counted = read_figures(now=clock.database_now()), tallies()
        yield from _counted(counted)
        yield from _backlog(figures)
        yield from _engine(figures)


def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers for whoever has the token; with none set, for this machine in the embedded mode only."""
    if not (settings.METRICS_TOKEN or _is_at_home(request)):
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    if settings.METRICS_TOKEN and not _knows_the_token(request):
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry()
    registry.register(OutboxCollector())
    try:
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    except Error as error:
        log.warning("metrics_not_read", error=type(error).__name__)
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)


def _knows_the_token(request: HttpRequest) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(given.strip(), settings.METRICS_TOKEN)


def _is_at_home(request: HttpRequest) -> bool:
    """From the loopback address, and by a name of this site: a foreign page may have its name lead here."""
    try:
        request.get_host()
        return settings.EMBEDDED and ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except (DisallowedHost, ValueError):
        return False


def _counted(counted: Mapping[str, Mapping[str, float]]) -> Iterator[Metric]:
    attempts = CounterMetricFamily(
        "aftercare_attempts", "Tries at the mail service, by what came of them.", labels=["result"]
    )
    for result in AttemptOutcome.values:
        if result != AttemptOutcome.OPEN:
            attempts.add_metric([result], counted.get(ATTEMPTS, {}).get(result, 0))
    yield attempts
    yield _histogram("aftercare_due_to_sent_seconds", "From due to sent.", counted.get(LATENCY, {}))
    yield _histogram(
        "aftercare_webhook_lag_seconds",
        "From a delivery event's arrival to its verdict.",
        counted.get(WEBHOOK_LAG, {}),
    )


def _histogram(name: str, what: str, values: Mapping[str, float]) -> Metric:
    return HistogramMetricFamily(name, what, buckets=cumulative(values), sum_value=values.get(SUM, 0))


def _backlog(figures: Figures) -> Iterator[Metric]:
    due = GaugeMetricFamily("aftercare_due_messages", "Due and not yet claimed, by age.", labels=["age"])
    for age, count in figures.due.by_age.items():
        due.add_metric([age], count)
    yield due
    yield _gauge("aftercare_oldest_due_seconds", "Age of the oldest due message.", figures.due.oldest_seconds)
    messages = GaugeMetricFamily("aftercare_messages", "Messages by status.", labels=["status"])
    for status in ("claimed", "sending", "unknown", "unconfirmed", "held"):
        messages.add_metric([status], getattr(figures, status))
    yield messages
    last_day = GaugeMetricFamily(
        "aftercare_messages_last_day", "Came to the status in 24 hours.", labels=["status"]
    )
    last_day.add_metric(["failed"], figures.failed_last_day)
    last_day.add_metric(["missed"], figures.missed_last_day)
    yield last_day


def _engine(figures: Figures) -> Iterator[Metric]:
    ticks = GaugeMetricFamily("aftercare_tick_age_seconds", "Since the last tick.", labels=["through"])
    for name, age in figures.tick_ages.items():
        ticks.add_metric([name.partition(":")[2]], age)
    yield ticks
    yield _gauge("aftercare_workers", "Workers and loops seen in the last minute.", figures.workers)
    yield _gauge(
        "aftercare_site_paused", "1 while the whole site is paused.", int(figures.paused_since is not None)
    )
    refused = sum(rest.refused for rest in figures.rests)
    rests = GaugeMetricFamily("aftercare_channel_rests", "Mail services left alone.", labels=["refused"])
    rests.add_metric(["true"], refused)
    rests.add_metric(["false"], len(figures.rests) - refused)
    yield rests
    yield _gauge(
        "aftercare_webhook_events_waiting", "Delivery events without a verdict.", figures.events_waiting
    )
    yield _gauge(
        "aftercare_webhook_oldest_waiting_seconds",
        "Age of the oldest delivery event without a verdict.",
        figures.oldest_event_seconds,
    )


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)
