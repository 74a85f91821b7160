"""Who is told of a task, and when: pure, so that the same task always climbs the same ladder."""

from dataclasses import dataclass
from datetime import datetime

from aftercare.followups.models import Rung

LADDER = (Rung.DUTY, Rung.SECOND, Rung.OWNER, Rung.OVERDUE)
SHARES = {Rung.DUTY: 0.0, Rung.SECOND: 0.5, Rung.OWNER: 0.75, Rung.OVERDUE: 1.0}
"""Which share of the task's time has passed when the rung is told."""


@dataclass(frozen=True)
class Climb:
    """The rungs to tell now, in order, and when the next one is; None when it is the last.

    ``opening_at``: as the ladder's own, None once those who came on duty are told.
    """

    rungs: tuple[Rung, ...]
    next_at: datetime | None
    opening_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """A task's times. ``opening_at``: when those come on duty who were not when it was told first."""

    begins_at: datetime
    deadline_at: datetime
    opening_at: datetime | None = None

    def at(self, rung: Rung) -> datetime:
        return self.begins_at + (self.deadline_at - self.begins_at) * SHARES[rung]

    def times(self, told: str, *, claimed: bool) -> dict[Rung, datetime]:
        """Who is still to be told after that rung, and when; at opening last, whenever that is.

        Of what somebody has taken on only when it is overdue, and at opening if it was so before.
        """
        ahead = LADDER[LADDER.index(Rung(told)) + 1 :] if told else LADDER
        times = {rung: self.at(rung) for rung in (ahead[-1:] if claimed else ahead)}
        if self.opening_at is not None and not (claimed and self.opening_at <= self.deadline_at):
            times[Rung.OPENING] = self.opening_at
        return times


def climb(ladder: Ladder, told: str, *, claimed: bool, now: datetime) -> Climb:
    """The climb of a task whose turn has come, after the rung ``told`` (empty: nobody yet).

    Every rung whose time has passed, so that nobody is left out when the engine was away; at least the next,
    which may be told early when a mail to the one before did not get through.
    """
    times = ladder.times(told, claimed=claimed)
    passed = tuple(rung for rung, at in times.items() if at <= now)
    early = [rung for rung in times if rung != Rung.OPENING][:1]
    rungs = passed or (() if claimed else tuple(early))
    left = {rung: at for rung, at in times.items() if rung not in rungs}
    return Climb(rungs, min(left.values(), default=None), left.get(Rung.OPENING))
