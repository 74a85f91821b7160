"""Who is told of a task, and when: pure, so that the same task always climbs the same ladder."""

from dataclasses import dataclass
from datetime import datetime

from aftercare.followups.models import Rung

LADDER = (Rung.DUTY, Rung.SECOND, Rung.OWNER, Rung.OVERDUE)
SHARES = {Rung.DUTY: 0.0, Rung.SECOND: 0.5, Rung.OWNER: 0.75, Rung.OVERDUE: 1.0}
"""Which share of the task's time has passed when the rung is told."""


@dataclass(frozen=True)
class Climb:
    """The rungs to tell now, in order, and when the next one is; None when it is the last."""

    rungs: tuple[Rung, ...]
    next_at: datetime | None


def rung_at(rung: Rung, *, opened_at: datetime, deadline_at: datetime) -> datetime:
    return opened_at + (deadline_at - opened_at) * SHARES[rung]


def climb(told: str, *, opened_at: datetime, deadline_at: datetime, claimed: bool, now: datetime) -> Climb:
    """The climb of a task whose turn has come, after the rung ``told`` (empty: nobody yet).

    Every rung whose time has passed, so that nobody is left out when the engine was away; at least the next,
    which may be told early when a mail to the one before did not get through. A task that somebody has taken
    on is told of only when it is overdue.
    """
    ahead = LADDER[LADDER.index(Rung(told)) + 1 :] if told else LADDER
    if claimed:
        ahead = ahead[-1:]
    times = {rung: rung_at(rung, opened_at=opened_at, deadline_at=deadline_at) for rung in ahead}
    passed = tuple(rung for rung in ahead if times[rung] <= now)
    rungs = passed or (() if claimed else ahead[:1])
    left = [rung for rung in ahead if rung not in rungs]
    return Climb(rungs, times[left[0]] if left else None)
