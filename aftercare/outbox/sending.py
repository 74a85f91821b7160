"""The drain: claims what is due, chunk after chunk, and sends it over one connection to the mail service."""

import time
from datetime import datetime

from django.conf import settings

from aftercare.outbox import clock, stopping
from aftercare.outbox.batch import Batch
from aftercare.outbox.calling import lease_time
from aftercare.outbox.channel import Channel
from aftercare.outbox.claiming import Claim, claim_within
from aftercare.outbox.loading import Shared
from aftercare.outbox.models import AttemptOutcome
from aftercare.outbox.notice_sending import send_notices
from aftercare.outbox.resting import Rests, rests_of
from aftercare.outbox.site_pause import site_paused
from aftercare.outbox.tallying import ATTEMPTS, Tallies


def drain(*, deadline: datetime) -> int:
    """Sends what is due until nothing is, the service is in trouble, time is up or the process must stop.

    Returns how many messages it took in hand and did not give back untouched. A call under way at
    ``deadline`` is finished first.
    """
    handled, channel, shared = 0, Channel(), Shared()
    # Also by a clock that nobody sets back: a drain must not outlast its task.
    ends_at = clock.monotonic() + (deadline - clock.database_now()).total_seconds()
    try:
        while not stopping.asked() and (now := clock.database_now()) < deadline:
            if clock.monotonic() >= ends_at:
                break
            send_notices(channel, deadline=deadline)  # staff must know before the next chunk keeps it busy
            rests = rests_of(channel.name, now=now)
            if rests.until or site_paused():  # looked at again when the first of the claim is in hand
                break
            claimed = _claim(channel, rests)
            batch = Batch(claimed, channel, rests=rests, shared=shared)
            may_go_on = batch.send(deadline=deadline)
            handled += batch.begun
            _tell(batch)
            if not may_go_on or not (claimed.messages or _waited(claimed, deadline)):
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


def _claim(channel: Channel, rests: Rests) -> Claim:
    """A chunk; a single message while nobody knows whether the service takes mail again."""
    limit = 1 if rests.probing else settings.CLAIM_CHUNK
    shut = rests.shut_clinics()
    return claim_within(limit=limit, lease=lease_time(), channel=channel.name, shut=shut)


def _waited(claimed: Claim, deadline: datetime) -> bool:
    """Waits for the next message that a limit lets go. False if that is not before the deadline."""
    if claimed.wait is None or claimed.at + claimed.wait >= deadline:
        return False
    time.sleep(claimed.wait.total_seconds())
    return True
