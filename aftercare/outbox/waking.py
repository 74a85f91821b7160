"""A wake-up for the drain as soon as something is due. It carries nothing, and losing it costs one tick."""

import structlog
from django.conf import settings
from django.db import transaction
from kombu.exceptions import KombuError, OperationalError

from aftercare.outbox.tasks import drain

ONE_TRY = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""Without it, publishing goes on trying for seconds while a member of staff waits for the page."""

log = structlog.get_logger(__name__)


def wake_on_commit() -> None:
    """Publishes a wake-up when the current transaction commits."""
    transaction.on_commit(wake)


def wake() -> None:
    """Publishes a wake-up, where there is a broker: the loop that needs none looks every second by itself.

    A broker that is away must never fail what a clinic saves: the next tick wakes.
    """
    if not (settings.REDIS_URL or settings.TASKS_EAGER):
        return
    try:
        drain.apply_async(retry=True, retry_policy=ONE_TRY)
    except (OperationalError, KombuError, OSError) as error:
        log.warning("wake_up_not_published", error=type(error).__name__)
