"""How long the console's first page and its lists take on the server: a year of messages, seven a session.

A third of them are one clinic's, the rest those of several hundred others; its owner and a superuser look at
each page in turn. Medians, of the whole answer, rendered, through Django's own test client.
"""

import argparse
import statistics
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import reverse

from aftercare.clinics.models import Role, User
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.outbox.clock import database_now
from aftercare.outbox.heartbeat import BROKER_TICK, beat
from aftercare.outbox.models import ScheduledMessage
from benchmarks.loading import enlarge, fill, make_clinics
from benchmarks.measuring import machine
from benchmarks.reporting import Goal, emit, judge, table
from benchmarks.scale import milliseconds
from benchmarks.servers import Servers
from benchmarks.site import Place, make_places
from tests import factories

MESSAGES_A_SESSION, TASKS = 7, 500
WARM = 2
LONGEST = 300
"""Milliseconds."""
STATIC = {
    **settings.STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Of what fill() promised for the next weeks, each session moves back by up to a year.
ONE_CLINICS = """
UPDATE treatments_treatmentsession SET clinic_id = %(clinic)s WHERE id %% 3 = 0;
UPDATE outbox_scheduledmessage SET clinic_id = %(clinic)s WHERE session_id %% 3 = 0
"""
A_YEAR_BACK = """
UPDATE treatments_treatmentsession SET ended_at = ended_at - interval '1 day' * (id % 365);
WITH moved AS (SELECT id, send_at - interval '1 day' * (session_id % 365) AS at FROM outbox_scheduledmessage)
UPDATE outbox_scheduledmessage AS message SET send_at = moved.at, planned_at = moved.at, due_at = moved.at,
    latest_at = moved.at + interval '9 hours', status = CASE
        WHEN moved.at > now() THEN 'scheduled'
        WHEN random() < 0.002 THEN 'failed' WHEN random() < 0.003 THEN 'missed'
        WHEN random() < 0.0002 THEN 'unconfirmed' ELSE 'sent' END,
    sent_at = CASE WHEN moved.at > now() THEN NULL ELSE moved.at + interval '10 minutes' * random() END,
    delivery = CASE WHEN moved.at > now() THEN '' WHEN random() < 0.02 THEN 'bounced' ELSE 'delivered' END,
    delivery_at = CASE WHEN moved.at > now() THEN NULL ELSE moved.at + interval '20 minutes' END
FROM moved WHERE moved.id = message.id
"""


def main(arguments: list[str], servers: Servers) -> int:
    """Returns 0 when every goal is met."""
    parser = argparse.ArgumentParser(prog="console", description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--looks", type=int, default=9, help="at each page, of which the median is taken")
    parser.add_argument("--no-goals", dest="goals", action="store_false", help="report only")
    options = parser.parse_args(arguments)
    enlarge(servers)
    [place] = make_places(1)
    make_clinics(place)
    fill(place, options.sessions * MESSAGES_A_SESSION)
    _live_through_a_year(place)
    emit("filled", messages=ScheduledMessage.objects.count())
    with override_settings(STORAGES=STATIC, SECOND_FACTOR_REQUIRED=False):  # nobody is there to show one
        found = list(measure(place, options.looks))
    emit("machine", **machine())
    print(f"\n{table(found)}")
    return judge(goals(found), enforced=options.goals)


def _live_through_a_year(place: Place) -> None:
    with connection.cursor() as cursor:
        cursor.execute(A_YEAR_BACK)
        cursor.execute(ONE_CLINICS, {"clinic": place.clinic.pk})
    now = database_now()
    somebody = factories.patient(place.clinic)
    FollowUpTask.objects.bulk_create(
        FollowUpTask(
            clinic=place.clinic,
            patient=somebody,
            cause=Cause.BOUNCED,
            source=f"benchmark:{number}",
            opened_at=now,
            deadline_at=now + timedelta(minutes=number),
        )
        for number in range(TASKS)
    )
    beat(BROKER_TICK, now=now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL ANALYZE")


def measure(place: Place, looks: int) -> Iterator[dict[str, Any]]:
    owner = factories.user(place.clinic, Role.OWNER)
    root = factories.user(None, username="root", is_superuser=True)
    for name, url in pages().items():
        row: dict[str, Any] = {"page": name}
        for who, user in (("owner", owner), ("superuser", root)):
            row |= _look_at(url, who, user, looks)
        emit("console", **row)
        yield row


def pages() -> Mapping[str, str]:
    """The first page and every list, by name."""
    admin.autodiscover()
    lists = sorted(model._meta.label_lower for model in admin.site._registry)
    urls = {name: reverse(f"admin:{name.replace('.', '_')}_changelist") for name in lists}
    return {"today": reverse("admin:index"), **urls}


def _look_at(url: str, who: str, user: User, count: int) -> dict[str, float]:
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    with CaptureQueriesContext(connection) as asked:
        status = client.get(url, secure=True).status_code
    if status not in (200, 403):
        raise RuntimeError(f"{url} answered {status}.")
    statements = len(asked)  # the next request empties the log
    looks = [milliseconds(lambda: client.get(url, secure=True)) for _ in range(WARM + count)][WARM:]
    return {f"{who}, ms": round(statistics.median(looks), 1), f"{who}'s statements": statements}


def goals(found: list[dict[str, Any]]) -> list[Goal]:
    return [
        Goal(f"ms for {row['page']}, {who}", row[f"{who}, ms"], at_most=LONGEST)
        for row in found
        for who in ("owner", "superuser")
    ]
