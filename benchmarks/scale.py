"""What the engine's frequent operations cost as rows grow: an idle tick, a claim of 500, planning a session.

The rows are scheduled messages of several hundred clinics, seven a session, none of them due; each size is
reached by adding to the one before.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from django.db import connection
from django.test.utils import CaptureQueriesContext

from aftercare.outbox import tasks
from aftercare.outbox.claiming import claim_within
from aftercare.outbox.clock import database_now
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.planning import complete_session
from aftercare.treatments.models import TreatmentSession
from benchmarks.loading import enlarge, fill, make_clinics
from benchmarks.measuring import machine
from benchmarks.reporting import Goal, emit, judge, table
from benchmarks.servers import Servers
from benchmarks.site import Place, make_places
from tests import factories

TICKS, PLANS = 50, 20
CLAIM, MOST_DUE = 500, 10_000
LEASE = timedelta(minutes=5)
DUE = """
UPDATE outbox_scheduledmessage SET send_at = clock_timestamp() - interval '1 minute',
    due_at = clock_timestamp() - interval '1 minute'
WHERE id IN (
    SELECT id FROM outbox_scheduledmessage
    WHERE status = 'scheduled' AND send_at > now() + interval '20 days' ORDER BY send_at LIMIT %s
)
"""
"""What an hour brings in a site that has run for weeks: messages of all steps, to sessions of many days."""
Row = dict[str, float]


def main(arguments: list[str], servers: Servers) -> int:
    """Returns 0 when every goal is met."""
    parser = argparse.ArgumentParser(prog="scale", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000])
    parser.add_argument("--no-goals", dest="goals", action="store_false", help="report only")
    options = parser.parse_args(arguments)
    enlarge(servers)
    [place] = make_places(1)
    make_clinics(place)
    found = [measure(place, rows) for rows in sorted(options.rows)]
    emit("machine", **machine())
    print(f"\n{table(found)}")
    return judge(goals(found), enforced=options.goals)


def measure(place: Place, rows: int) -> Row:
    """Milliseconds, medians, at that many rows; the claimed are then promised for later again."""
    start = time.monotonic()
    fill(place, rows)
    emit("filled", rows=ScheduledMessage.objects.count(), seconds=time.monotonic() - start)
    _put_off()  # filling takes minutes, in which what was planned before has become due
    ticks = [milliseconds(tasks.tick) for _ in range(TICKS)]
    plans = [milliseconds(partial(plan, session)) for session in drafts(place, PLANS)]
    [counted] = drafts(place, 1)
    of_plan = statements(partial(plan, counted))
    # Into one of them may fall a step that a tick takes only now and then.
    of_tick = min(statements(tasks.tick) for _ in range(3))
    claims = list(claim_all(min(MOST_DUE, rows // 2)))
    row: Row = {
        "rows": rows,
        "idle tick, ms": statistics.median(ticks),
        "its statements": of_tick,
        "claim of 500, ms": statistics.median(claims),
        "slowest claim, ms": max(claims),
        "planning a session, ms": statistics.median(plans),
        "plan's statements": of_plan,
    }
    emit("scale", **row)
    return {name: round(value, 2) for name, value in row.items()}


def milliseconds(operation: Callable[[], object]) -> float:
    start = time.perf_counter()
    operation()
    return (time.perf_counter() - start) * 1000


def statements(operation: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        operation()
    return len(captured)


def drafts(place: Place, count: int) -> list[TreatmentSession]:
    """Sessions that ended now, a patient each, ready to be completed."""
    shared = {"practitioner": place.practitioner, "protocol": place.protocol}
    return [
        factories.treatment_session(place.clinic, ended_at=database_now(), **shared) for _ in range(count)
    ]


def plan(session: TreatmentSession) -> None:
    complete_session(session, by=None, now=database_now())


def claim_all(due: int) -> Iterator[float]:
    """Makes that many due and claims 500 at a time while there are so many for one claim; how long each took.

    Towards the end there are fewer, where few clinics have most of what is left: each gives its share.
    Raises RuntimeError if there were never so many.
    """
    with connection.cursor() as cursor:
        cursor.execute(DUE, [due])
        cursor.execute("VACUUM ANALYZE outbox_scheduledmessage")
        cursor.execute("CHECKPOINT")
    whole = 0
    while True:
        start = time.perf_counter()
        claimed = len(claim_within(limit=CLAIM, lease=LEASE).messages)
        seconds = time.perf_counter() - start
        if claimed < CLAIM:
            break
        whole += 1
        yield seconds * 1000
    if not whole:
        raise RuntimeError(f"The first claim took {claimed} instead of {CLAIM}.")
    _put_off()


def _put_off() -> None:
    """Makes nothing claimed, and nothing due for a day."""
    later = database_now() + timedelta(days=1)
    soon = ScheduledMessage.objects.filter(status__in=(Status.CLAIMED, Status.SCHEDULED), send_at__lt=later)
    soon.update(
        status=Status.SCHEDULED, claim_token=None, lease_until=None,
        send_at=later, due_at=later, latest_at=later + LEASE,
    )  # fmt: skip


def goals(found: list[Row]) -> list[Goal]:
    """Bounds at the most rows, and how the idle tick there compares with the one at the fewest."""
    least, most = found[0], found[-1]
    grown = most["idle tick, ms"] / least["idle tick, ms"]
    at = f"at {most['rows']:,.0f} rows"
    return [
        Goal(f"ms for an idle tick {at}", most["idle tick, ms"], at_most=2),
        Goal(f"times the idle tick at {least['rows']:,.0f} rows, {at}", grown, at_most=2),
        Goal(f"ms for a claim of {CLAIM} {at}", most["claim of 500, ms"], at_most=25),
        Goal(f"ms for planning a session {at}", most["planning a session, ms"], at_most=15),
        Goal(
            "statements more to plan a session than with the fewest rows",
            most["plan's statements"] - least["plan's statements"],
            at_most=0,
        ),
    ]
