"""The drain: claims what is due, chunk after chunk, and sends it over one connection to the mail service."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings

from aftercare.outbox import clock, stopping
from aftercare.outbox.batch import Batch, call_time
from aftercare.outbox.channel import Channel
from aftercare.outbox.claiming import Bounds, claim
from aftercare.outbox.loading import Shared
from aftercare.outbox.models import AttemptOutcome, ScheduledMessage
from aftercare.outbox.resting import Rests, rests_of
from aftercare.outbox.tallying import ATTEMPTS, Tallies

log = structlog.get_logger(__name__)


def drain(*, deadline: datetime) -> int:
    """Sends what is due until nothing is, the service is in trouble, time is up or the process must stop.

    Returns how many messages it took in hand and did not give back untouched. A call under way at
    ``deadline`` is finished first.
    """
    handled, channel, shared = 0, Channel(), Shared()
    try:
        while not stopping.asked() and (now := clock.database_now()) < deadline:
            rests = rests_of(channel.name, now=now)
            chunk = [] if rests.until else _claim(rests)
            batch = Batch(chunk, channel, rests=rests, shared=shared)
            may_go_on = batch.send(deadline=deadline)
            handled += batch.begun
            _tell(batch)
            if not chunk or not may_go_on:
                break
    finally:
        channel.close()
    return handled


def _tell(batch: Batch) -> None:
    """Adds what came of the batch to the numbers that monitors read."""
    tallies = Tallies()
    for outcome, seconds in batch.results:
        tallies.count(ATTEMPTS, outcome.value)
        if outcome is AttemptOutcome.SENT:
            tallies.observe_latency(seconds)
    tallies.flush()


def lease_time() -> timedelta:
    """A claim's length: as set, but always enough for two calls, so that every batch gets somewhere."""
    return max(timedelta(seconds=settings.LEASE_SECONDS), 2 * call_time())


def _claim(rests: Rests) -> list[ScheduledMessage]:
    """A chunk; a single message while nobody knows whether the service takes mail again."""
    limit = 1 if rests.probing else settings.CLAIM_CHUNK
    return claim(limit=limit, lease=lease_time(), bounds=Bounds(shut=rests.shut_clinics()))
