"""Where the milliseconds of a message go: one process sends what is due, timed by phase.

Wall and CPU time exclude what a phase calls in another phase; SQL is the part of the wall time spent waiting
for PostgreSQL.
"""

import argparse
import cProfile
import pstats
import time
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta

from aftercare.outbox import sending
from aftercare.outbox.clock import database_now
from aftercare.outbox.models import ScheduledMessage, Status
from benchmarks.measuring import cpu_of
from benchmarks.phases import Phases
from benchmarks.reporting import emit
from benchmarks.servers import Servers
from benchmarks.site import make_due, make_places

PHASES: Mapping[str, tuple[str, ...]] = {
    "claim": ("aftercare.outbox.sending:claim_within",),
    "load": (
        "aftercare.outbox.loading:InHand.take",
        "aftercare.outbox.loading:InHand.text_for",
        "aftercare.outbox.loading:InHand.is_suppressed",
    ),
    "recheck": ("aftercare.outbox.rechecking:verdict",),
    "values": ("aftercare.outbox.values:message_values",),
    "render": ("aftercare.content.rendering:render",),
    "compose, rest": ("aftercare.outbox.composing:compose", "aftercare.outbox.composing:Copy.as_email"),
    "headers": ("aftercare.outbox.composing:headers_of",),
    "attempt": ("aftercare.outbox.readying:new_attempt",),
    "MIME": ("aftercare.outbox.channel:Channel.prepare",),
    "relay": ("aftercare.outbox.relaying:relay",),
    "SMTP": ("aftercare.outbox.smtp:PhasedSMTP.sendmail", "aftercare.outbox.channel:Channel.open"),
    "hand over, rest": ("aftercare.outbox.channel:Channel.hand_over",),
    "settle": ("aftercare.outbox.settling:settle",),
    "clock": ("aftercare.outbox.clock:database_now",),
}
HEADINGS = ("phase", "wall ms", "CPU ms", "SQL ms", "statements", "commits", "calls")
ROW = "{:<16}" + "{:>11}" * 6


def main(arguments: list[str], servers: Servers) -> int:
    """Returns 0 when every message was sent."""
    parser = argparse.ArgumentParser(prog="profile_drain", description=__doc__)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--clinics", type=int, default=5)
    parser.add_argument("--cprofile", type=int, default=0, metavar="LINES", help="its longest functions too")
    options = parser.parse_args(arguments)
    places = make_places(options.clinics)
    make_due(places, 100)
    drain()  # caches and imports are warm before the clock runs
    make_due(places, options.messages)
    profile_drain(servers, options.messages, lines=options.cprofile)
    return ScheduledMessage.objects.exclude(status=Status.SENT).count()


def drain() -> int:
    return sending.drain(deadline=database_now() + timedelta(minutes=30))


def profile_drain(servers: Servers, count: int, *, lines: int) -> None:
    """Drains what is due and prints milliseconds a message by phase."""
    phases, profile = Phases(), cProfile.Profile()
    if not lines:
        phases.watch(PHASES)
    before, start = cpu_of(servers.pids), time.perf_counter()
    with phases.running(), profile if lines else nullcontext():
        drain()
    seconds, around = time.perf_counter() - start, cpu_of(servers.pids) - before
    report(phases, count)
    print(f"\n{count} messages in {seconds:.2f} s: {count / seconds:.0f} a second by one process.")
    print(f"CPU of PostgreSQL, Redis and the sink: {around / count * 1000:.3f} ms a message.")
    if lines:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(lines)
        pstats.Stats(profile).sort_stats("tottime").print_stats(lines)


def report(phases: Phases, count: int) -> None:
    print(ROW.format(*HEADINGS))
    total = [0.0] * 6
    for phase, spent in sorted(phases.spent.items(), key=lambda item: -item[1].wall):
        times = (spent.wall * 1000, spent.cpu * 1000, spent.sql * 1000)
        numbers = [n / count for n in (*times, spent.statements, spent.commits, spent.calls)]
        total = [a + b for a, b in zip(total, numbers, strict=True)]
        print(ROW.format(phase, *(f"{number:.3f}" for number in numbers)))
    print(ROW.format("all", *(f"{number:.3f}" for number in total)))
    emit("profile", messages=count, missing=phases.missing)
    if phases.missing:
        print("Not found, and so counted with what calls it:", ", ".join(phases.missing))
