"""One look at whether there is anything to do: a single statement, answered from the ends of indexes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

AGAIN_AFTER = timedelta(seconds=30)
"""After so long a report that belonged to no message is judged again."""

LOOK = """
SELECT
    EXISTS (SELECT 1 FROM outbox_scheduledmessage
        WHERE status IN ('claimed', 'sending') AND lease_until < %(now)s),
    EXISTS (SELECT 1 FROM outbox_scheduledmessage
        WHERE status IN ('scheduled', 'held') AND latest_at < %(now)s),
    EXISTS (SELECT 1 FROM outbox_deliveryevent WHERE verdict = '')
        OR EXISTS (SELECT 1 FROM outbox_deliveryevent
            WHERE verdict = 'unmatched' AND judged_at BETWEEN %(young)s AND %(again)s),
    EXISTS (SELECT 1 FROM outbox_scheduledmessage
        WHERE status = 'scheduled' AND safety_critical AND due_at <= %(now)s)
        OR EXISTS (SELECT 1 FROM outbox_scheduledmessage
            WHERE status = 'scheduled' AND NOT safety_critical AND due_at <= %(now)s),
    EXISTS (SELECT 1 FROM followups_followuptask WHERE tell_at <= %(now)s),
    EXISTS (SELECT 1 FROM outbox_staffnotice WHERE status = 'scheduled' AND due_at <= %(now)s)
        OR EXISTS (SELECT 1 FROM outbox_staffnotice WHERE status = 'sending' AND lease_until < %(now)s)
"""


@dataclass(frozen=True)
class Sight:
    """What there is: leases that have ended, windows that have passed, reports to judge, messages due; tasks
    that staff must be told of, and notices to them that are due or were lost."""

    leases: bool
    late: bool
    events: bool
    due: bool
    tasks: bool
    notices: bool


def look(*, now: datetime, young: timedelta = timedelta(hours=1)) -> Sight:
    """``young``: for how long reports that belong to no message are looked at again."""
    times: dict[str, Any] = {"now": now, "young": now - young, "again": now - AGAIN_AFTER}
    if connection.vendor == "sqlite":
        times = {name: connection.ops.adapt_datetimefield_value(time) for name, time in times.items()}
    with connection.cursor() as cursor:
        cursor.execute(LOOK, times)
        return Sight(*map(bool, cursor.fetchone()))
