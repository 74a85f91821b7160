"""Whether a worker that sends tens of thousands of messages keeps its size.

Each process counts what it has resident, pages shared with others included.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from aftercare.outbox.models import ScheduledMessage, Status
from benchmarks.measuring import families, machine, resident_of_one
from benchmarks.reporting import Goal, emit, judge, table
from benchmarks.servers import Servers
from benchmarks.site import make_due, make_places
from tests.services.deployment import Deployment

LOOK_SECONDS = 0.5
MOST_MB = 150
MOST_GROWTH = 1.05
FIFTHS = 5
SLOWEST_START_SECONDS, SLOWEST_A_SECOND = 180, 10


@dataclass(frozen=True)
class Sample:
    """After so many messages: the largest process of the worker and all of them, in MB."""

    sent: int
    largest: float
    together: float


def main(arguments: list[str], servers: Servers) -> int:
    """Returns 0 when the worker stays small and does not grow."""
    parser = argparse.ArgumentParser(prog="memory", description=__doc__)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--clinics", type=int, default=5)
    parser.add_argument("--no-goals", dest="goals", action="store_false", help="report only")
    options = parser.parse_args(arguments)
    make_due(make_places(options.clinics), options.messages)
    samples = list(watch(servers, options.messages))
    emit("machine", **machine())
    fifths = by_fifths(samples, options.messages)
    print(f"\n{table(fifths)}")
    return judge(goals(fifths, samples), enforced=options.goals)


def watch(servers: Servers, count: int) -> Iterator[Sample]:
    """Samples of a worker with two children, until all messages are sent.

    Raises RuntimeError when, its start apart, it sends fewer than ten a second.
    """
    running = Deployment(servers.folder, servers.environ())
    before = servers.sink.taken()
    deadline = time.monotonic() + SLOWEST_START_SECONDS + count / SLOWEST_A_SECOND
    try:
        worker = running.worker()
        running.beat()
        while ScheduledMessage.objects.exclude(status=Status.SENT).exists():
            if time.monotonic() > deadline:
                raise RuntimeError("Not every message was sent in time.")
            yield _sample(servers.sink.taken() - before, list(families([worker.pid])))
            time.sleep(LOOK_SECONDS)
    finally:
        running.close()


def by_fifths(samples: list[Sample], count: int) -> list[dict[str, float]]:
    """For each fifth of the messages, means of what its samples saw."""
    found = []
    for number in range(FIFTHS):
        low, high = count * number / FIFTHS, count * (number + 1) / FIFTHS
        here = [sample for sample in samples if low < sample.sent <= high] or samples[-1:]
        row = {
            "fifth": number + 1,
            "largest process, MB": round(statistics.mean(sample.largest for sample in here), 1),
            "all processes, MB": round(statistics.mean(sample.together for sample in here), 1),
        }
        emit("memory", **row)
        found.append(row)
    return found


def goals(fifths: list[dict[str, float]], samples: list[Sample]) -> list[Goal]:
    growth = fifths[-1]["all processes, MB"] / fifths[1]["all processes, MB"]
    return [
        Goal("MB in the largest process at its peak", max(s.largest for s in samples), at_most=MOST_MB),
        Goal("times the second fifth's memory in the last", growth, at_most=MOST_GROWTH),
    ]


def _sample(sent: int, processes: list[psutil.Process]) -> Sample:
    sizes = [resident_of_one(process) / 2**20 for process in processes]
    return Sample(sent, max(sizes, default=0.0), sum(sizes))
