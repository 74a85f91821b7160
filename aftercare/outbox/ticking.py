"""What happens every few seconds, whoever counts them: beat through the broker, or the loop without one."""

from collections.abc import Callable, Sequence

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from aftercare.outbox import clock
from aftercare.outbox.claiming import wake_ups_worth
from aftercare.outbox.heartbeat import beat, forget_stale
from aftercare.outbox.judging import judge_waiting
from aftercare.outbox.reaping import reap
from aftercare.outbox.tallying import forget_slots

log = structlog.get_logger(__name__)


def tick_once(name: str) -> int:
    """Leaves the sign of life ``name``, reaps and tidies; returns how many drains have work now.

    Two at once do no harm. Raises OperationalError or InterfaceError when the database is away.
    """
    beat(name, now=clock.database_now())
    for step in STEPS:
        _carefully(step)
    return wake_ups_worth(now=clock.database_now(), chunk=settings.CLAIM_CHUNK)


def _reap() -> None:
    reap()


def _judge() -> None:
    judge_waiting(now=clock.database_now())


def _tidy() -> None:
    now = clock.database_now()
    forget_stale(now=now)
    forget_slots(now=now)


STEPS: Sequence[Callable[[], None]] = (_reap, _judge, _tidy)


def _carefully(step: Callable[[], None]) -> None:
    """A defect here is told, and keeps neither the other steps nor what is due waiting."""
    try:
        step()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("tick_step_failed", step=step.__name__)
