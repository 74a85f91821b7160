"""What happens every few seconds, whoever counts them: beat through the broker, or the loop without one."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from aftercare.outbox import clock
from aftercare.outbox.claiming import wake_ups_worth
from aftercare.outbox.heartbeat import beat, forget_stale
from aftercare.outbox.importing.files import forget_files
from aftercare.outbox.judging import BATCH, judge_waiting
from aftercare.outbox.looking import Sight, look
from aftercare.outbox.notice_sending import notices_due
from aftercare.outbox.notice_settling import settle_lost_notices
from aftercare.outbox.notifying import tell_due
from aftercare.outbox.reaping import reap
from aftercare.outbox.tallying import forget_slots

TIDY_EVERY = 300.0
JUDGE_SECONDS = 1.0
"""Seconds."""

log = structlog.get_logger(__name__)


def tick_once(name: str) -> int:
    """Leaves the sign of life ``name``, reaps, judges, tells staff, tidies; says how many drains have work.

    When there is nothing to do it costs three statements, whatever is stored. Two at once do no harm. Raises
    OperationalError or InterfaceError when the database is away.
    """
    now = clock.database_now()
    beat(name, now=now)
    sight = look(now=now)
    for step in (*STEPS, *slow_steps):
        _carefully(step, sight)
    worth = wake_ups_worth(now=clock.database_now(), chunk=settings.CLAIM_CHUNK) if sight.due else 0
    return worth or int((sight.tasks or sight.notices) and notices_due(now=clock.database_now()))


def _reap(sight: Sight) -> None:
    if sight.leases or sight.late:
        reap()


def _judge(sight: Sight) -> None:
    """Round after round, but never so long that what is due waits for it."""
    ends_at = time.monotonic() + JUDGE_SECONDS
    more = sight.events
    while more and time.monotonic() < ends_at:
        more = judge_waiting(now=clock.database_now()) >= BATCH


def _tell_staff(sight: Sight) -> None:
    if sight.notices:
        settle_lost_notices(now=clock.database_now())
    if sight.tasks:
        tell_due(now=clock.database_now())


class OnceInAWhile:
    """A step that a process takes only every so many seconds; the first time at its first tick."""

    def __init__(self, work: Callable[[datetime], object], *, every: float = TIDY_EVERY) -> None:
        self._work, self._every = work, every
        self.__name__ = getattr(work, "__name__", type(work).__name__)
        self.next_at = float("-inf")

    def __call__(self, _sight: Sight) -> None:
        if time.monotonic() < self.next_at:
            return
        self.next_at = time.monotonic() + self._every
        self._work(clock.database_now())


def _forget(now: datetime) -> None:
    forget_stale(now=now)
    forget_slots(now=now)
    forget_files(now=now)


tidy = OnceInAWhile(_forget)
Step = Callable[[Sight], None]
STEPS: Sequence[Step] = (_reap, _judge, _tell_staff, tidy)
slow_steps: list[Step] = []
"""What rooms above this one have to do now and then; they add it when the program starts."""


def _carefully(step: Step, sight: Sight) -> None:
    """A defect here is told, and keeps neither the other steps nor what is due waiting."""
    try:
        step(sight)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("tick_step_failed", step=getattr(step, "__name__", type(step).__name__))
