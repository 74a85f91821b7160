"""Numbers that only grow, counted in memory and added to the database in one statement."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog
from django.db import DatabaseError, connection
from django.db.models import Sum

from aftercare.outbox import clock
from aftercare.outbox.models import AttemptOutcome, Tally

ATTEMPTS = "attempts"
"""Tries at the mail service, by what came of them (labels: AttemptOutcome)."""
LATENCY = "due_to_sent"
"""Seconds from ``due_at`` to sent, as a histogram."""
WEBHOOK_LAG = "received_to_judged"
"""Seconds from a delivery event's arrival to its verdict, as a histogram."""

BUCKETS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""Upper bounds, in seconds."""
BEYOND = "+Inf"
SUM = "sum"

SENT_SLOT = "sent_slot"
"""What was sent in each slot of SLOT_SECONDS: the only tallies that are forgotten, after KEPT."""
SLOT_SECONDS = 10
KEPT = timedelta(hours=2)

ADD = """
INSERT INTO outbox_tally (name, label, value) VALUES {rows}
ON CONFLICT (name, label) DO UPDATE SET value = outbox_tally.value + excluded.value
"""

log = structlog.get_logger(__name__)


class Tallies:
    """Counts until :meth:`flush`, which belongs outside any transaction."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], float] = defaultdict(float)

    def count(self, name: str, label: str = "", by: float = 1) -> None:
        self._counts[name, label] += by

    def observe(self, name: str, seconds: float) -> None:
        """One more time in the histogram ``name``; a negative one (two clocks) counts as none."""
        seconds = max(seconds, 0.0)
        bucket = bisect_left(BUCKETS, seconds)
        self.count(name, str(BUCKETS[bucket]) if bucket < len(BUCKETS) else BEYOND)
        self.count(name, SUM, seconds)

    def observe_latency(self, seconds: float) -> None:
        """How long a message that was sent had been due."""
        self.observe(LATENCY, seconds)

    def flush(self) -> None:
        """Adds what was counted to the database, and starts afresh.

        A database that will not take it is told in the log only; the counts stay for the next flush.
        """
        if not self._counts:
            return
        try:
            _add({**self._counts, **self._slots()})
        except DatabaseError as error:
            log.warning("tallies_not_written", error=type(error).__name__)
        else:
            self._counts.clear()

    def _slots(self) -> dict[tuple[str, str], float]:
        sent = self._counts.get((ATTEMPTS, AttemptOutcome.SENT.value))
        return {(SENT_SLOT, _slot(clock.database_now())): sent} if sent else {}


def sent_since(instant: datetime) -> int:
    """How many messages were sent since, give or take those of one slot."""
    rows = Tally.objects.filter(name=SENT_SLOT, label__gt=_slot(instant))
    return int(rows.aggregate(sent=Sum("value"))["sent"] or 0)


def forget_slots(*, now: datetime) -> None:
    Tally.objects.filter(name=SENT_SLOT, label__lt=_slot(now - KEPT)).delete()


def tallies() -> dict[str, dict[str, float]]:
    """Every tally that lasts: name → label → value."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for name, label, value in Tally.objects.exclude(name=SENT_SLOT).values_list("name", "label", "value"):
        found[name][label] = value
    return found


def cumulative(values: Mapping[str, float]) -> list[tuple[str, float]]:
    """A histogram's buckets as monitors read them: how many took at most so long, for each bound."""
    counts, total = [], 0.0
    for bound in (*map(str, BUCKETS), BEYOND):
        total += values.get(bound, 0)
        counts.append((bound, total))
    return counts


def _add(counts: Mapping[tuple[str, str], float]) -> None:
    # In one order, so that two who add to the same rows never wait for each other.
    rows = sorted((name, label, value) for (name, label), value in counts.items())
    statement = ADD.format(rows=", ".join(["(%s, %s, %s)"] * len(rows)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [each for row in rows for each in row])


def _slot(instant: datetime) -> str:
    """The start of the slot, in a form that sorts by time."""
    seconds = int(instant.timestamp()) // SLOT_SECONDS * SLOT_SECONDS
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
