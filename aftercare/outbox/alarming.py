"""From numbers to what an operator must know: nothing, a warning, or that something is wrong now."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from math import inf

from aftercare.outbox.figures import Figures, Rest
from aftercare.outbox.heartbeat import BROKER_TICK


class Level(IntEnum):
    """Also the exit code of ``manage.py outbox``, as monitors of Nagios' kind read it."""

    OK = 0
    WARNING = 1
    CRITICAL = 2


@dataclass(frozen=True)
class Alarm:
    level: Level
    reason: str


@dataclass(frozen=True)
class Thresholds:
    """Seconds for ages, else counts. What is above raises the alarm."""

    due_warning: float = 60
    due_critical: float = 300
    tick_critical: float = 60
    unknown_warning: int = 0
    unconfirmed_warning: int = 0
    failed_warning: int = 20
    missed_warning: int = 0
    events_warning: float = 300


def alarms(figures: Figures, limits: Thresholds) -> list[Alarm]:
    """Everything that is out of order, the worst first."""
    found = [*_of_engine(figures, limits), *_of_mail(figures), *_of_messages(figures, limits)]
    return sorted(found, key=lambda alarm: -alarm.level)


def level_of(found: list[Alarm]) -> Level:
    return max((alarm.level for alarm in found), default=Level.OK)


def _of_engine(figures: Figures, limits: Thresholds) -> Iterator[Alarm]:
    age = figures.tick_age
    if age is None:
        yield Alarm(Level.CRITICAL, "The engine has never run: there was no tick yet.")
    elif age > limits.tick_critical:
        yield Alarm(Level.CRITICAL, f"No tick for {age:.0f} s: nothing looks for due messages.")
    elif not figures.workers:
        yield Alarm(Level.WARNING, "No worker has shown itself in the last minute.")
    elif figures.broker_expected and figures.tick_ages.get(BROKER_TICK, inf) > limits.tick_critical:
        yield Alarm(Level.WARNING, "No tick comes through the broker: a loop stands in for the workers.")
    late = figures.due.oldest_seconds
    # While the site is paused, waiting is what was asked for; the pause has an alarm of its own.
    if late > limits.due_warning and not figures.paused_since:
        level = Level.CRITICAL if late > limits.due_critical else Level.WARNING
        yield Alarm(level, f"The oldest of {figures.due.count} due messages has waited for {late:.0f} s.")


def _of_mail(figures: Figures) -> Iterator[Alarm]:
    if figures.paused_since:
        yield Alarm(
            Level.WARNING, f"The whole site has been paused since {figures.paused_since.isoformat()}."
        )
    for rest in figures.rests:
        if rest.refused:
            yield Alarm(Level.CRITICAL, f"{_named(rest)} refuses our mail since {rest.since.isoformat()}.")
        else:
            yield Alarm(Level.WARNING, f"{_named(rest)} is left alone until {rest.until.isoformat()}.")


def _of_messages(figures: Figures, limits: Thresholds) -> Iterator[Alarm]:
    counts = (
        (figures.unknown, limits.unknown_warning, "unknown: they may have left."),
        (figures.unconfirmed, limits.unconfirmed_warning, "unconfirmed: staff must decide."),
        (figures.failed_last_day, limits.failed_warning, "failed in the last 24 hours."),
        (figures.missed_last_day, limits.missed_warning, "missed in the last 24 hours."),
    )
    for count, most, what in counts:
        if count > most:
            yield Alarm(Level.WARNING, f"{count} {what}")
    if figures.oldest_event_seconds > limits.events_warning:
        waited = f"{figures.oldest_event_seconds:.0f} s"
        yield Alarm(Level.WARNING, f"{figures.events_waiting} delivery events wait, the oldest for {waited}.")


def _named(rest: Rest) -> str:
    return f"{rest.channel} for {rest.sender_domain}" if rest.sender_domain else rest.channel
