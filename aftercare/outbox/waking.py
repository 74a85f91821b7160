"""Wake-ups, as soon as there is something to do. They carry nothing, and losing one costs one tick."""

import time
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from kombu.exceptions import KombuError, OperationalError

from aftercare.outbox.tasks import drain, judge_events

ONE_TRY = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""Without it, publishing goes on trying for seconds while a member of staff waits for the page."""
JUDGES_PAUSE = 1.0
"""Seconds between two wake-ups of a judge by one process, so that a flood of reports delays no drain."""

log = structlog.get_logger(__name__)
_judge_woken_at = float("-inf")


def wake_on_commit() -> None:
    """Publishes a wake-up for the drain when the current transaction commits."""
    transaction.on_commit(wake)


def wake() -> None:
    """Publishes a wake-up, where there is a broker: the loop that needs none looks every second by itself.

    A broker that is away must never fail what a clinic saves: the next tick wakes.
    """
    _publish(drain)


def wake_to_judge() -> None:
    """Publishes a wake-up for a judge of reports, unless this process has just done so."""
    global _judge_woken_at
    if time.monotonic() - _judge_woken_at >= JUDGES_PAUSE:
        _judge_woken_at = time.monotonic()
        _publish(judge_events)


def _publish(task: Any) -> None:
    if not (settings.REDIS_URL or settings.TASKS_EAGER):
        return
    try:
        task.apply_async(retry=True, retry_policy=ONE_TRY)
    except (OperationalError, KombuError, OSError) as error:
        log.warning("wake_up_not_published", error=type(error).__name__)
