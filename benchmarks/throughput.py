"""How many messages a second, at what cost: our engine, its peers and the limit, on one message of 25 kB.

All subjects take turns in every round, since a machine's speed drifts; what counts are the medians, and the
ratios within each round.
"""

import argparse
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from aftercare.outbox import sending
from aftercare.outbox.clock import database_now
from aftercare.outbox.models import Attempt
from benchmarks.copying import Size, write_copy
from benchmarks.measuring import QUIET_PERCENT, busy_percent, machine
from benchmarks.reporting import Goal, emit, judge, table
from benchmarks.servers import Servers
from benchmarks.site import Place, make_due, make_places
from benchmarks.subjects import Subject, peers_environ, subjects
from benchmarks.watching import Measured

Rounds = dict[str, list[Measured]]
LIMIT = "smtplib alone, 2 processes"


def main(arguments: list[str], servers: Servers) -> int:
    """Returns 0 when our engine meets its goals."""
    options = parser().parse_args(arguments)
    places = make_places(options.clinics)
    size = write_copy(_first_attempt(places), servers.folder)
    emit("message", **vars(size))
    chosen = [
        each
        for each in subjects(servers, places, peers_environ(servers))
        if any(part in each.name for part in options.only)
    ]
    rounds = measure(chosen, options.messages, options.rounds)
    report(chosen, rounds, size, options)
    return judge(goals(rounds), enforced=options.goals)


def parser() -> argparse.ArgumentParser:
    known = argparse.ArgumentParser(prog="throughput", description=__doc__)
    known.add_argument("--messages", type=int, default=5000, help="for each subject and round")
    known.add_argument("--rounds", type=int, default=3)
    known.add_argument("--clinics", type=int, default=5)
    known.add_argument("--only", nargs="+", default=[""], help="parts of the subjects' names")
    known.add_argument("--no-goals", dest="goals", action="store_false", help="report only")
    return known


def measure(chosen: Iterable[Subject], messages: int, count: int) -> Rounds:
    rounds: Rounds = defaultdict(list)
    busy = busy_percent()
    if busy > QUIET_PERCENT:
        print(f"Warning: others use {busy:.0f} % of this machine; the numbers will be low.", file=sys.stderr)
    for number in range(count):
        for subject in chosen:
            measured = subject.send(messages)
            rounds[subject.name].append(measured)
            emit("round", round=number + 1, subject=subject.name, **vars(measured))
    return rounds


def report(chosen: Iterable[Subject], rounds: Rounds, size: Size, options: argparse.Namespace) -> None:
    rows = [_summary(subject, rounds[subject.name]) for subject in chosen]
    for row in rows:
        emit("subject", **row)
    here = machine()
    emit("machine", **here)
    print(
        f"\n{here['date']}, {here['cores']} cores of {here['processor']}, Python {here['python']}, "
        f"PostgreSQL {here['postgresql']} with fsync; {options.messages} messages of {size.text:,} bytes of "
        f"text and HTML, {size.whole:,} on the wire; medians of {options.rounds} rounds.\n"
    )
    print(table([{heading: row[key] for heading, key in HEADINGS.items()} for row in rows]))


HEADINGS = {
    "": "subject",
    "messages a second": "rate",
    "lowest to highest": "range",
    "seconds in all": "wall",
    "CPU seconds for 1,000": "cpu",
    "memory, MB": "memory_mb",
}


def _summary(subject: Subject, rounds: list[Measured]) -> dict[str, str | float]:
    rates = [each.rate for each in rounds]
    return {
        "subject": subject.name,
        "does": subject.does,
        "rate": round(statistics.median(rates)),
        "range": f"{min(rates):.0f} to {max(rates):.0f}",
        "wall": round(statistics.median(each.wall for each in rounds), 1),
        "cpu": round(statistics.median(each.cpu for each in rounds), 2),
        "memory_mb": round(statistics.median(each.memory_mb for each in rounds)),
    }


def goals(rounds: Rounds) -> list[Goal]:
    """Twice post_office in its best variant, and 35 % of the limit; those that were measured."""
    found = []
    peers = [name for name in rounds if name.startswith("post_office")]
    if peers and "aftercare" in rounds:
        best = max(peers, key=lambda name: statistics.median(each.rate for each in rounds[name]))
        found.append(Goal(f"times the best of post_office ({best})", _ratio(rounds, best), at_least=2.0))
    if LIMIT in rounds and "aftercare" in rounds:
        found.append(Goal(f"of {LIMIT}", _ratio(rounds, LIMIT), at_least=0.35))
    return found


def _ratio(rounds: Rounds, other: str) -> float:
    """Our rate to the other's: the median of the ratios within each round."""
    pairs = zip(rounds["aftercare"], rounds[other], strict=True)
    return statistics.median(ours.rate / theirs.rate for ours, theirs in pairs)


def _first_attempt(places: list[Place]) -> Attempt:
    """Sends one message by our engine, so that there is a copy for the peers."""
    make_due(places[:1], 1)
    sending.drain(deadline=database_now() + timedelta(minutes=1))
    return Attempt.objects.select_related("compiled").get()
