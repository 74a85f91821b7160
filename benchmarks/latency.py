"""How long after it is due a message is handed over, at a steady twenty a second, by a real worker and beat.

Beat wakes the workers every TICK_SECONDS; nothing else does, so that a message waits for half a tick at best.
"""

import argparse
import time
from datetime import timedelta

from django.conf import settings

from aftercare.outbox.clock import database_now
from aftercare.outbox.models import Attempt, ScheduledMessage, Status
from benchmarks.measuring import machine
from benchmarks.reporting import Goal, cuts, emit, judge
from benchmarks.servers import Servers
from benchmarks.site import make_due, make_places
from benchmarks.watching import refuse_copies
from tests.services.deployment import Deployment

LONGEST_WAIT_SECONDS = 180


def main(arguments: list[str], servers: Servers) -> int:
    """Returns 0 when both goals are met."""
    parser = argparse.ArgumentParser(prog="latency", description=__doc__)
    parser.add_argument("--rate", type=float, default=20, help="messages a second")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--clinics", type=int, default=5)
    parser.add_argument("--no-goals", dest="goals", action="store_false", help="report only")
    options = parser.parse_args(arguments)
    offer(servers, options.rate, options.seconds, options.clinics)
    emit("machine", **machine())
    return judge(goals(options.rate), enforced=options.goals)


def offer(servers: Servers, rate: float, seconds: int, clinics: int) -> None:
    """Lets messages fall due one after the other, and returns when all are sent.

    Raises RuntimeError when that takes three minutes longer than it should, and SentTwice.
    """
    count, places = int(rate * seconds), make_places(clinics)
    before = servers.sink.taken()
    running = Deployment(servers.folder, servers.environ())
    try:
        running.worker()
        running.beat()
        start = database_now() + timedelta(seconds=5 + count / 200)
        make_due(places, count, due_at=start, spread=timedelta(seconds=1 / rate))
        _until_sent(start.timestamp() + seconds + LONGEST_WAIT_SECONDS)
    finally:
        running.close()
    refuse_copies(servers.sink.taken() - before, count)


def delays() -> dict[str, list[float]]:
    """Seconds from due until the try was written down, and until the mail server's answer was."""
    tries = Attempt.objects.values_list("message__due_at", "opened_at", "closed_at").order_by("pk")
    found: dict[str, list[float]] = {"begun": [], "handed over": []}
    for due_at, opened_at, closed_at in tries:
        assert closed_at is not None, "not settled"
        found["begun"].append((opened_at - due_at).total_seconds())
        found["handed over"].append((closed_at - due_at).total_seconds())
    return found


def goals(rate: float) -> list[Goal]:
    """Half of the messages within a tick and half a second, 99 of 100 within a tick and two seconds."""
    found = {}
    for name, seconds in delays().items():
        found[name] = cuts(seconds)
        emit("latency", what=name, rate=rate, messages=len(seconds), **found[name])
    tick, handed_over = settings.TICK_SECONDS, found["handed over"]
    return [
        Goal("s from due to handed over, for half", handed_over["p50"], at_most=tick + 0.5),
        Goal("s from due to handed over, for 99 of 100", handed_over["p99"], at_most=tick + 2.0),
    ]


def _until_sent(deadline: float) -> None:
    while ScheduledMessage.objects.exclude(status=Status.SENT).exists():
        if time.time() > deadline:
            raise RuntimeError("Not every message was sent in time.")
        time.sleep(1)
