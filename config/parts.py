"""Whether each part of a deployment does its work. Every question is bounded in time."""

import http.client
import socket
from collections.abc import Callable, Mapping
from datetime import timedelta

from kombu.exceptions import KombuError

from aftercare.outbox import clock
from aftercare.outbox.heartbeat import BROKER_TICK, last_tick, seen_here, seen_since
from config.celery import app

TICK_AGE = timedelta(seconds=60)
ANSWER_SECONDS = 5
BROKER_SECONDS = 2


def web_answers(port: int = 8000) -> bool:
    """Whether the web process on this machine answers; what it depends on is the business of ``/readyz``."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker_answers() -> bool:
    """Whether this machine's worker answers through the broker."""
    return bool(app.control.inspect([f"celery@{socket.gethostname()}"], timeout=ANSWER_SECONDS).ping())


def broker_answers() -> bool:
    """Whether the broker can be reached now, in one short try."""
    patience = {"socket_timeout": BROKER_SECONDS, "socket_connect_timeout": BROKER_SECONDS}
    connection = app.connection_for_write(transport_options=patience)
    try:
        transport = connection.transport
        transport.close_connection(transport.establish_connection())
    except (KombuError, OSError, *connection.connection_errors):
        return False
    finally:
        connection.release()
    return True


def database_answers() -> bool:
    """True, or the database's error."""
    return bool(clock.database_now())


def beat_ticks() -> bool:
    """Whether a tick of beat has gone through the broker and a worker to the database lately."""
    return seen_since(BROKER_TICK, clock.database_now() - TICK_AGE)


def tick_is_recent() -> bool:
    """Whether there was a tick lately, of beat or of a loop that needs no broker."""
    seen = last_tick()
    return seen is not None and seen > clock.database_now() - TICK_AGE


def scheduler_lives() -> bool:
    """Whether a loop on this machine has shown itself lately, at work or on standby."""
    return seen_here(now=clock.database_now())


CHECKS: Mapping[str, Callable[[], bool]] = {
    "web": web_answers,
    "worker": worker_answers,
    "beat": beat_ticks,
    "scheduler": scheduler_lives,
}
