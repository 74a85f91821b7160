"""Signs of life: when a part of the engine was last seen, by the database's clock.

A tick through the broker shows that beat, broker and a worker all do their work; a loop's shows itself only.
"""

import os
import socket
from datetime import datetime, timedelta

from django.db import connection

from aftercare.outbox.models import Heartbeat

BROKER_TICK = "tick:broker"
LOOP_TICK = "tick:loop"
TICKS = (BROKER_TICK, LOOP_TICK)

WORKER = "worker:"
SIGN_EVERY = timedelta(seconds=20)
SEEN = timedelta(seconds=60)
"""A worker whose sign is older is not counted."""
STALE = timedelta(days=1)
"""What was not seen for so long is forgotten: hosts and process ids come and go."""
LONGEST_HOST = 24

# Written out: at every tick of every worker Django would take longer to write it than the database to do it.
BEAT = """
INSERT INTO outbox_heartbeat (name, at) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET at = excluded.at
"""


def beat(name: str, *, now: datetime) -> None:
    """Notes that the part called ``name`` was alive at ``now``."""
    with connection.cursor() as cursor:
        cursor.execute(BEAT, [name, connection.ops.adapt_datetimefield_value(now)])


def this_worker() -> str:
    """The name of this process among the workers; call it in the process itself."""
    return f"{_of_this_host()}{os.getpid()}"


def forget(name: str) -> None:
    """Takes the part's sign away: it has ended as it should."""
    Heartbeat.objects.filter(name=name).delete()


def forget_stale(*, now: datetime) -> None:
    Heartbeat.objects.filter(at__lt=now - STALE).delete()


def last_ticks() -> dict[str, datetime]:
    """When each kind of tick was last seen; a kind that never was is not there."""
    return dict(Heartbeat.objects.filter(name__in=TICKS).values_list("name", "at"))


def last_tick() -> datetime | None:
    """The newest tick, whoever made it."""
    return max(last_ticks().values(), default=None)


def seen_since(name: str, instant: datetime) -> bool:
    return Heartbeat.objects.filter(name=name, at__gt=instant).exists()


def workers_seen(*, now: datetime) -> int:
    """How many workers and loops have shown themselves lately."""
    return len(signs_of_workers(now=now))


def signs_of_workers(*, now: datetime) -> list[tuple[str, datetime]]:
    """Host and process id of the workers and loops that have shown themselves lately, and when they did."""
    seen = Heartbeat.objects.filter(name__startswith=WORKER, at__gt=now - SEEN).order_by("name")
    return [(name.removeprefix(WORKER), at) for name, at in seen.values_list("name", "at")]


def seen_here(*, now: datetime) -> bool:
    """Whether a worker or a loop on this machine has shown itself lately."""
    return Heartbeat.objects.filter(name__startswith=_of_this_host(), at__gt=now - SEEN).exists()


def _of_this_host() -> str:
    return f"{WORKER}{socket.gethostname()[:LONGEST_HOST]}:"
