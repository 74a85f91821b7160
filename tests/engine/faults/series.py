"""The series: a fault again and again, and what became of its messages by the sink's own record."""

import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db.models import F
from django.db.models.functions import Greatest

from aftercare.outbox.clock import database_now
from aftercare.outbox.models import ChannelRest, ScheduledMessage, Status
from tests.engine.conftest import due_messages
from tests.services.processes import wait_for

RUNS = int(os.environ.get("FAULT_RUNS", "2"))
SEED = os.environ["FAULT_SEED"]
UNSETTLED = (Status.SCHEDULED, Status.CLAIMED, Status.SENDING, Status.UNKNOWN)
OUR_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Sink(Protocol):
    """What stands for the patients: how many copies it took, by a text that has our message's id in it."""

    delay_seconds: float

    def copies(self) -> Counter[str]: ...


def taken(sink: Sink) -> Counter[str]:
    """Copies by our own message id."""
    counted: Counter[str] = Counter()
    for name, copies in sink.copies().items():
        found = OUR_ID.search(name)
        counted[found[0] if found else name] += copies
    return counted


@dataclass(frozen=True)
class Allowed:
    """What a fault may cost in one run: messages in doubt, sent again by their step's policy, or failed."""

    unknown: int = 0
    again: int = 0
    failed: int = 0


@dataclass
class Tally:
    """A fault's line. ``never`` reached the sink; of these ``lost`` are not shown to staff either."""

    fault: str
    runs: int = 0
    due: int = 0
    once: int = 0
    twice: int = 0
    never: int = 0
    lost: int = 0
    unknown: int = 0
    seconds: float = 0.0
    finished: bool = False
    broken: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        if self.broken:
            return f"BROKEN: {'; '.join(self.broken)}"
        return "held" if self.finished else "NOT FINISHED"

    def __str__(self) -> str:
        return (
            f"{self.fault:<56}{self.runs:>5}{self.due:>6}{self.once:>6}{self.twice:>6}{self.never:>6}"
            f"{self.lost:>5}{self.unknown:>8}{self.seconds / max(self.runs, 1):>7.1f}  {self.verdict}"
        )


class Run:
    """One time of a fault: makes its messages, waits for moments, and judges."""

    def __init__(self, tally: Tally, number: int, sink: Sink) -> None:
        self.tally, self.number, self.sink = tally, number, sink
        self.dice = random.Random(f"{SEED} {tally.fault} {number}")
        self.ids: list[str] = []
        self.allowed = Allowed()

    def due(self, count: int, **step: Any) -> list[ScheduledMessage]:
        """Messages due now, of a clinic of their own; ``step`` overrides fields of their step."""
        made = due_messages(count, **step)
        self.ids += [str(message.pk) for message in made]
        return made

    def rows(self) -> Any:
        return ScheduledMessage.objects.filter(pk__in=self.ids)

    def statuses(self) -> dict[str, str]:
        return {str(pk): status for pk, status in self.rows().values_list("pk", "status")}

    def counted(self) -> Counter[str]:
        return Counter(self.statuses().values())

    def copies(self) -> dict[str, int]:
        taken_by_now = taken(self.sink)
        return {pk: taken_by_now[pk] for pk in self.ids}

    def reached(self) -> int:
        return sum(1 for copies in self.copies().values() if copies)

    def expect(self, held: bool, promise: str) -> None:
        """Breaks the fault's verdict unless it held."""
        if not held:
            self.tally.broken.append(f"run {self.number}: not {promise}")

    def until_reached(self, count: int) -> None:
        wait_for(lambda: self.reached() >= count, f"{count} messages at the sink", seconds=60)

    def any_instant(self) -> None:
        """Waits until a moment of the sending that the dice choose: after some message, and a little more."""
        self.until_reached(self.dice.randrange(1, len(self.ids) * 2 // 3))
        time.sleep(self.dice.uniform(0, 0.15))

    def until_settled(self, *, hurried: bool = False, seconds: float = 60) -> None:
        """Waits until every message is; ``hurried`` lets the rests of messages and mail services be over."""

        def settled() -> bool:
            if hurried:
                self.hurry()
            return not self.unsettled()

        wait_for(settled, "every message to be settled", seconds=seconds)

    def unsettled(self) -> int:
        counted = self.counted()
        return sum(counted[status] for status in UNSETTLED)

    def hurry(self) -> None:
        """As if all the time had passed that anything waits for."""
        now = database_now()
        resting = self.rows().filter(status=Status.SCHEDULED, due_at__gt=now)
        resting.update(due_at=Greatest(F("send_at"), now))
        ChannelRest.objects.filter(until__gt=now).update(until=now)

    def judge(self, **allowed: int) -> None:
        """Counts by the sink's record; what is not as allowed breaks the fault's verdict."""
        self.allowed = Allowed(**allowed)
        statuses, copies, tally = self.statuses(), self.copies(), self.tally
        tally.runs += 1
        tally.due += len(copies)
        tally.once += sum(1 for each in copies.values() if each == 1)
        tally.twice += sum(1 for each in copies.values() if each > 1)
        tally.never += sum(1 for each in copies.values() if not each)
        tally.lost += len(lost(statuses, copies))
        tally.unknown += sum(1 for each in statuses.values() if each == Status.UNCONFIRMED)
        tally.broken += [f"run {self.number}: {wrong}" for wrong in wrongs(statuses, copies, self.allowed)]


def lost(statuses: dict[str, str], copies: dict[str, int]) -> list[str]:
    """Reached nobody, and nobody is told."""
    shown = {Status.UNCONFIRMED, Status.FAILED}
    return [pk for pk in copies if not copies[pk] and statuses[pk] not in shown]


def wrongs(statuses: dict[str, str], copies: dict[str, int], allowed: Allowed) -> Iterator[str]:
    counted = Counter(statuses.values())
    if gone := lost(statuses, copies):
        yield f"{len(gone)} lost"
    if (twice := sum(1 for each in copies.values() if each > 1)) > allowed.again:
        yield f"{twice} reached twice"
    if any(each > 2 for each in copies.values()):
        yield "one reached more than twice"
    if counted[Status.UNCONFIRMED] > allowed.unknown:
        yield f"{counted[Status.UNCONFIRMED]} unknown"
    if counted[Status.FAILED] != allowed.failed:
        yield f"{counted[Status.FAILED]} failed"
    if unsettled := sum(counted[status] for status in UNSETTLED):
        yield f"{unsettled} not settled"
    if any(copies[pk] for pk in copies if statuses[pk] == Status.FAILED):
        yield "one that is said to have failed reached the sink"


class Series:
    """The faults of a test, a tally each."""

    def __init__(self) -> None:
        self.tallies: list[Tally] = []

    def runs(self, fault: str, sink: Sink, make: Callable[[Tally, int, Sink], Run]) -> Iterator[Run]:
        """The runs of a fault, one after another; fails at the end if its promise did not hold in any."""
        tally, runs, before = Tally(fault), [], taken(sink).total()
        self.tallies.append(tally)
        for number in range(1, RUNS + 1):
            run, started = make(tally, number, sink), time.monotonic()
            runs.append(run)
            yield run
            tally.seconds += time.monotonic() - started
            assert tally.runs == number, "a run ends with judge()"
        tally.finished = True
        tally.broken += late_copies(runs, of=taken(sink).total() - before)
        assert not tally.broken, f"seed {SEED}, {tally}"


def late_copies(runs: list[Run], *, of: int) -> list[str]:
    """Whether of so many copies some reached the sink after their run was judged, or were never promised."""
    copies = Counter({pk: n for run in runs for pk, n in run.copies().items()})
    again = sum(run.allowed.again for run in runs)
    tally = runs[0].tally
    reached = sum(1 for each in copies.values() if each)
    wrong = []
    if reached != tally.once + tally.twice or sum(copies.values()) > reached + again:
        wrong.append("copies came late")
    if of != sum(copies.values()):
        wrong.append("the sink has what nobody promised")
    return wrong
