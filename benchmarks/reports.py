"""Whether a provider's reports are all stored and judged while messages leave, and leave in time.

A deployed web process takes Postmark's posts at a steady pace, a worker judges them and sends, by SMTP, what
falls due meanwhile. Most posts tell of a delivery, one in ten of a bounce; one in ten is a repetition of the
post before it, and one in twenty speaks of a message that nobody knows. Each tells when it was to be posted,
so that its lag is known: until the batch began in which it was judged.
"""

import argparse
import http.client
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connections

from aftercare.outbox.clock import database_now
from aftercare.outbox.models import Attempt, DeliveryEvent, ScheduledMessage, StaffNotice, Status
from benchmarks.measuring import machine
from benchmarks.reporting import Goal, cuts, emit, judge
from benchmarks.servers import Servers
from benchmarks.site import make_due, make_places
from benchmarks.watching import refuse_copies
from tests import factories
from tests.services.deployment import Deployment
from tests.services.mail_service import LOGIN, post_one

NOBODY = "nobody@example.org"
POSTERS = 16
LONGEST_WAIT_SECONDS = 180
LOOK_SECONDS = 0.2
REACHED = {"SITE_URL": "http://localhost", "ALLOWED_HOSTS": "localhost,127.0.0.1"}
REPORTED = {"EMAIL_URL": "", "POSTMARK_SERVER_TOKEN": "only-for-benchmarks", "WEBHOOK_SECRET": LOGIN}
"""Of the web process alone, which sends nothing here: it takes Postmark's reports on what SMTP delivered."""

Report = dict[str, Any]


def main(arguments: list[str], servers: Servers) -> int:
    """Returns 0 when every goal is met.

    Raises RuntimeError when messages are not sent in time, and SentTwice.
    """
    parser = argparse.ArgumentParser(prog="reports", description=__doc__)
    parser.add_argument("--rate", type=float, default=100, help="posts a second")
    parser.add_argument("--messages", type=float, default=20, help="messages that fall due a second")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--clinics", type=int, default=5)
    parser.add_argument("--no-goals", dest="goals", action="store_false", help="report only")
    options = parser.parse_args(arguments)
    goals = report_while_sending(servers, options)
    emit("machine", **machine())
    return judge(goals, enforced=options.goals)


def report_while_sending(servers: Servers, options: argparse.Namespace) -> list[Goal]:
    """Posts the reports while messages fall due, and waits until all are judged and sent."""
    posts, due = int(options.rate * options.seconds), int(options.messages * options.seconds)
    places = make_places(options.clinics)
    make_due(places, posts)
    told = _mark_sent()
    running = Deployment(servers.folder, servers.environ(**REACHED))
    try:
        web = running.web(workers=2, LOG_LEVEL="WARNING", **REPORTED)  # as in production
        running.worker(concurrency=3)
        running.beat()
        start = database_now() + timedelta(seconds=5 + due / 200)
        make_due(places, due, due_at=start, spread=timedelta(seconds=1 / options.messages), first=posts)
        connections.close_all()
        reports = list(_reports(told, posts, start=start, rate=options.rate))
        statuses = _post_all(web.port, reports, start=start, rate=options.rate)
        cleared = _until_judged()
        _until_sent()
    finally:
        running.close()
    refuse_copies(servers.sink.taken(), due + StaffNotice.objects.count())
    goals = _goals_of_reports(reports, statuses, cleared)
    _emit_lag()
    return [*goals, _goal_of_sending(start)]


def _mark_sent() -> list[tuple[uuid.UUID, str]]:
    """Makes all messages there are ones that an SMTP server took; their ids and addresses."""
    now = database_now()
    messages = list(ScheduledMessage.objects.select_related("patient").order_by("due_at"))
    like = factories.attempt(messages[0], provider="smtp", opened_at=now, closed_at=now)
    tries = [_try_like(like, message) for message in messages[1:]]
    Attempt.objects.bulk_create(tries, batch_size=500)
    ScheduledMessage.objects.update(status=Status.SENT, sent_at=now)
    return [(message.pk, message.patient.email) for message in messages]


def _try_like(like: Attempt, message: ScheduledMessage) -> Attempt:
    return Attempt(
        message=message,
        number=1,
        outcome=like.outcome,
        opened_at=like.opened_at,
        closed_at=like.closed_at,
        provider=like.provider,
        compiled=like.compiled,
        values=like.values,
        headers=like.headers | {"To": message.patient.email},
        digest=like.digest,
    )


def _reports(
    told: Iterable[tuple[uuid.UUID, str]], count: int, *, start: datetime, rate: float
) -> Iterator[Report]:
    """What is posted, in that order; ``told`` are the messages that it may speak of, each once."""
    known, report = iter(told), Report()
    for number in range(count):
        at = (start + timedelta(seconds=number / rate)).astimezone(UTC).isoformat()
        if number % 20 == 4:
            report = _delivered(uuid.uuid4(), NOBODY, at)
        elif number % 10 == 2:
            report = _bounced(*next(known), at)
        elif number % 10 != 9:
            report = _delivered(*next(known), at)
        yield report


def _delivered(message: uuid.UUID, address: str, at: str) -> Report:
    return _about(message) | {"RecordType": "Delivery", "Recipient": address, "DeliveredAt": at}


def _bounced(message: uuid.UUID, address: str, at: str) -> Report:
    return _about(message) | {"RecordType": "Bounce", "Type": "HardBounce", "Email": address, "BouncedAt": at}


def _about(message: uuid.UUID) -> Report:
    return {"MessageID": f"postmark-{message}", "Metadata": {"message_id": str(message)}}


def _post_all(port: int, reports: list[Report], *, start: datetime, rate: float) -> list[int]:
    """Posts each at its moment, whatever became of those before it; the HTTP statuses, 0 for no answer."""

    def post(number: int, report: Report) -> int:
        moment = start.timestamp() + number / rate
        time.sleep(max(0.0, moment - time.time()))
        try:
            return post_one(port, report)
        except (OSError, http.client.HTTPException):
            return 0

    with ThreadPoolExecutor(POSTERS) as posters:
        return list(posters.map(post, range(len(reports)), reports))


def _until_judged() -> float:
    """The seconds until no report waits any more, or until that has lasted far too long."""
    began = time.monotonic()
    while DeliveryEvent.objects.filter(verdict="").exists():
        if time.monotonic() > began + LONGEST_WAIT_SECONDS:
            break
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - began


def _until_sent() -> None:
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while ScheduledMessage.objects.exclude(status=Status.SENT).exists():
        if time.monotonic() > deadline:
            raise RuntimeError("Not every message was sent in time.")
        time.sleep(LOOK_SECONDS)


def _goals_of_reports(reports: list[Report], statuses: list[int], cleared: float) -> list[Goal]:
    """Nothing is lost, refused, unjudged or judged wrong."""
    distinct = {report["MessageID"]: report for report in reports}
    answered = sum(200 <= status < 300 for status in statuses)
    verdicts = Counter(DeliveryEvent.objects.values_list("message_key", "event_type", "verdict"))
    wanted = Counter(map(_expected, distinct.values()))
    stored, judged = verdicts.total(), DeliveryEvent.objects.exclude(verdict="").count()
    emit(
        "reports",
        posted=len(reports),
        answered=answered,
        refused=len(reports) - answered,
        distinct=len(distinct),
        stored=stored,
        judged=judged,
        cleared=cleared,
    )
    return [
        Goal("posts not answered with 2xx", len(reports) - answered, at_most=0),
        Goal("reports lost", len(distinct) - stored, at_most=0),
        Goal("reports not judged", stored - judged, at_most=0),
        Goal(
            "reports not judged as they should be",
            ((wanted - verdicts) | (verdicts - wanted)).total(),
            at_most=0,
        ),
    ]


def _expected(report: Report) -> tuple[str, str, str]:
    """Our id, what happened, and the verdict."""
    unknown = report.get("Recipient") == NOBODY
    kind = "bounced" if report["RecordType"] == "Bounce" else "delivered"
    return report["Metadata"]["message_id"], kind, "unmatched" if unknown else "applied"


def _emit_lag() -> None:
    """Of the applied alone: those of unknown messages are judged again and again."""
    applied = DeliveryEvent.objects.filter(verdict="applied")
    for what, until in (("stored", "received_at"), ("judged", "judged_at")):
        _emit_cuts(what, _seconds(applied.values_list("happened_at", until)))


def _goal_of_sending(start: datetime) -> Goal:
    tries = Attempt.objects.filter(message__due_at__gte=start)
    late = _emit_cuts("handed over", _seconds(tries.values_list("message__due_at", "closed_at")))
    what = "s from due to handed over meanwhile, for 99 of 100"
    return Goal(what, late, at_most=settings.TICK_SECONDS + 2.0)


def _seconds(spans: Iterable[tuple[Any, Any]]) -> list[float]:
    return [(end - begin).total_seconds() for begin, end in spans]


def _emit_cuts(what: str, seconds: list[float]) -> float:
    """Says them; the one that 99 of 100 keep within."""
    said = cuts(seconds)
    emit("lag", what=what, count=len(seconds), **said)
    return said["p99"]
