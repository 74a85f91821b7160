"""What a mail server sees while a subject sends, and what that costs the machine."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from benchmarks.measuring import cpu_of, resident
from benchmarks.servers import Sink

LOOK_SECONDS = 0.01
MEMORY_SECONDS = 0.25


class NeverFinished(Exception):
    """A subject did not send all its messages in time."""


class SentTwice(Exception):
    """The mail server took more messages than there were."""


def refuse_copies(taken: int, count: int) -> None:
    """Raises SentTwice: a rate that counts copies would be worth nothing."""
    if taken > count:
        raise SentTwice(f"The mail server took {taken} messages where {count} were due")


@dataclass(frozen=True)
class Measured:
    """``rate`` is messages a second from the first to the last that the mail server took.

    ``wall`` is seconds from the start (or from when all were due) until all are settled; ``cpu`` is seconds
    of CPU for 1,000 messages, of every process but the benchmark's own; ``memory_mb`` is what the subject's
    processes had resident together at their peak, pages they share counted for each.
    """

    rate: float
    wall: float
    cpu: float
    memory_mb: float


def cpu_of_all() -> float:
    """Seconds of CPU of every process started from here, whether it still runs or not."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = [child.pid for child in psutil.Process().children()]
    return ended.ru_utime + ended.ru_stime + cpu_of(running)


class Watch:
    """Looks on from its making until :meth:`until` returns."""

    def __init__(self, sink: Sink, pids: Callable[[], list[int]]) -> None:
        self.sink, self.pids = sink, pids
        self.before, self.cpu, self.start = sink.taken(), cpu_of_all(), time.monotonic()
        self.first = self.last = (self.start, 0)
        self.memory, self.next_memory = 0, self.start

    def until(self, count: int, settled: Callable[[], bool], *, seconds: float = 900) -> Measured:
        """Returns when ``count`` messages have been taken once and are settled.

        Raises NeverFinished and SentTwice.
        """
        while not (self.look() >= count and settled()):
            if time.monotonic() > self.start + seconds:
                raise NeverFinished(f"{self.last[1]} of {count} messages in {seconds:.0f} s")
            time.sleep(LOOK_SECONDS)
        refuse_copies(self.look(), count)
        wall, cpu = time.monotonic() - self.start, cpu_of_all() - self.cpu
        (began, already), (ended, taken) = self.first, self.last
        rate = (taken - already) / (ended - began) if ended > began else taken / wall
        return Measured(rate, wall, cpu / count * 1000, self.memory / 2**20)

    def look(self) -> int:
        """How many messages have been taken since the start."""
        now, taken = time.monotonic(), self.sink.taken() - self.before
        if now >= self.next_memory:
            self.memory, self.next_memory = max(self.memory, resident(self.pids())), now + MEMORY_SECONDS
        if taken > self.last[1]:
            if self.last[1] == 0:
                self.first = now, taken
            self.last = now, taken
        return taken
