"""What a Celery worker does besides its tasks: shows that it is alive, and stops in good time.

Loaded by the setting CELERY_IMPORTS once Django is ready.
"""

import sys
import time
from typing import Any

import structlog
from celery.signals import beat_init, heartbeat_sent, worker_init, worker_shutdown, worker_shutting_down
from django.conf import settings
from django.db import Error, connection

from aftercare.outbox import clock, stopping
from aftercare.outbox.heartbeat import SIGN_EVERY, beat, forget, this_worker

log = structlog.get_logger(__name__)

next_sign = 0.0


@worker_init.connect
@beat_init.connect
def need_a_broker(**_kwargs: Any) -> None:
    if not settings.REDIS_URL:
        sys.exit("REDIS_URL names no broker, so nothing would ever come here. Start: manage.py run_scheduler")


@worker_init.connect
def take_work(**_kwargs: Any) -> None:
    stopping.reset()


@worker_shutting_down.connect
def begin_nothing_new(**_kwargs: Any) -> None:
    """In the main process; its children see it too, and stop after the message in hand."""
    stopping.ask()


@heartbeat_sent.connect
def show_life(**_kwargs: Any) -> None:
    """In the main process, every few seconds while it is in touch with the broker, idle or not.

    The connection is closed at once, as a child that is forked must not inherit it. No trouble here may
    disturb the worker: a sign that is missing tells enough.
    """
    global next_sign
    if time.monotonic() < next_sign or stopping.asked():
        return
    next_sign = time.monotonic() + SIGN_EVERY.total_seconds()
    try:
        beat(this_worker(), now=clock.database_now())
    except Error as error:
        log.warning("sign_of_life_not_written", error=type(error).__name__)
    finally:
        connection.close()


@worker_shutdown.connect
def sign_off(**_kwargs: Any) -> None:
    try:
        forget(this_worker())
    except Error as error:
        log.warning("sign_of_life_not_removed", error=type(error).__name__)
    finally:
        connection.close()
