"""The engine in one process: ticks and drains by itself, with neither Redis nor Celery."""

import time
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from aftercare.outbox import clock, sending, stopping
from aftercare.outbox.claiming import wake_ups_worth
from aftercare.outbox.heartbeat import (
    BROKER_TICK,
    LOOP_TICK,
    SIGN_EVERY,
    beat,
    forget,
    seen_since,
    this_worker,
)
from aftercare.outbox.notice_sending import notices_due
from aftercare.outbox.ticking import tick_once

LOOK_SECONDS = 1.0
"""Between two looks for what is due."""
DEFECT_SECONDS = 5.0
"""After an error that nobody foresaw, lest the log overflow."""
PATIENCE_SECONDS = 15
"""A standby stands in when no tick has come through the broker for so long, or for three that should have."""
DATABASE_AWAY = (OperationalError, InterfaceError)

log = structlog.get_logger(__name__)


class Loop:
    """Ticks every TICK_SECONDS and drains whenever something is due, until the process is asked to stop.

    As ``standby`` it does so only while no tick comes through the broker. Claims are exclusive, so that it
    and any workers may overlap.
    """

    def __init__(self, *, standby: bool = False) -> None:
        self._standby = standby
        self._stands_in = False
        self._database_away = False
        self._next_tick = self._next_sign = time.monotonic()

    def run(self) -> None:
        """Goes on until :mod:`aftercare.outbox.stopping` says so; a call under way is finished first."""
        log.info("loop_started", standby=self._standby)
        while not stopping.asked():
            if pause := self.step():
                time.sleep(pause)
        self._sign_off()
        log.info("loop_ended")

    def step(self) -> float:
        """One look and what it finds to do; returns the seconds until the next. Outlives the database."""
        try:
            pause = self._work()
        except DATABASE_AWAY as error:
            self._tell_database(away=True, error=type(error).__name__)
            connection.close()
            return LOOK_SECONDS
        except Exception:
            log.exception("loop_failed")
            connection.close()
            return DEFECT_SECONDS
        self._tell_database(away=False)
        return pause

    def _work(self) -> float:
        self._show_life()
        if self._standby and not self._may_stand_in():
            return LOOK_SECONDS
        if time.monotonic() >= self._next_tick:
            self._next_tick = time.monotonic() + settings.TICK_SECONDS
            tick_once(LOOP_TICK)
        # After a drain that had something to do comes the next look at once.
        return 0 if self._drain() else LOOK_SECONDS

    def _drain(self) -> int:
        now = clock.database_now()
        if not (wake_ups_worth(now=now, chunk=settings.CLAIM_CHUNK) or notices_due(now=now)):
            return 0
        return sending.drain(deadline=now + timedelta(seconds=settings.DRAIN_SECONDS))

    def _may_stand_in(self) -> bool:
        patience = timedelta(seconds=max(PATIENCE_SECONDS, 3 * settings.TICK_SECONDS))
        silent = not seen_since(BROKER_TICK, clock.database_now() - patience)
        if silent != self._stands_in:
            self._stands_in = silent
            log.warning("standing_in" if silent else "standing_back")
        return silent

    def _show_life(self) -> None:
        if time.monotonic() >= self._next_sign:
            self._next_sign = time.monotonic() + SIGN_EVERY.total_seconds()
            beat(this_worker(), now=clock.database_now())

    def _sign_off(self) -> None:
        try:
            forget(this_worker())
        except DATABASE_AWAY as error:
            log.warning("sign_of_life_not_removed", error=type(error).__name__)
        finally:
            connection.close()

    def _tell_database(self, *, away: bool, error: str = "") -> None:
        """Once for each change, not for each try."""
        if away and not self._database_away:
            log.error("database_away", error=error)
        elif self._database_away and not away:
            log.warning("database_back")
        self._database_away = away
