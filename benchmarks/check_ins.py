"""How long a worried answer takes from its POST until the mail to staff is in the outbox.

Fifty patients a second answer an emergency question: the answer is weighed and stored, a concern and its
task are opened, the patient's routine messages are held and the notice to staff is written, all in the
transaction that the page's own answer follows. So the page's answer is the end of it; that each notice is
there is counted. Arrivals keep their pace whatever the site does, and what waits for a free connection counts
as waiting. All come from one address, far above its limit, as an emergency must pass it.
"""

import argparse
import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import time as wall_time
from urllib.parse import urlencode, urlsplit

from django.db import connections

from aftercare.checkins.approving import approve_rules, save_rules
from aftercare.checkins.models import Concern
from aftercare.clinics.hours import OpeningHours
from aftercare.clinics.models import Role
from aftercare.outbox.clock import database_now
from aftercare.outbox.links import CHECK_IN
from aftercare.outbox.models import ScheduledMessage, StaffNotice, Status
from benchmarks.measuring import machine
from benchmarks.reporting import Goal, cuts, emit, judge
from benchmarks.servers import Servers
from benchmarks.site import Place, make_due, make_places
from tests import factories
from tests.services.deployment import Deployment

MEDIAN_SECONDS = 1.0
PATIENTS_AT_ONCE = 64
ANSWER = urlencode({"part": 1, "breathing": "yes", "unwell": "no", "eyes": "no"})
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Host": "localhost"}


def main(arguments: list[str], servers: Servers) -> int:
    """Returns 0 when the goal is met. Raises RuntimeError for a refused answer or a missing notice."""
    parser = argparse.ArgumentParser(prog="check_ins", description=__doc__)
    parser.add_argument("--rate", type=float, default=50, help="check-ins a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--clinics", type=int, default=5)
    parser.add_argument("--no-goals", dest="goals", action="store_false", help="report only")
    options = parser.parse_args(arguments)
    count = int(options.rate * options.seconds)
    paths = _ask(make_places(options.clinics), count)
    waits = answer_all(servers, paths, rate=options.rate)
    _count_notices(count)
    said = cuts(waits)
    emit("check_ins", rate=options.rate, answered=count, **said)
    emit("machine", **machine())
    what = "s from the POST to the mail to staff in the outbox, for half"
    return judge([Goal(what, said["p50"], at_most=MEDIAN_SECONDS)], enforced=options.goals)


def answer_all(servers: Servers, paths: list[str], *, rate: float) -> list[float]:
    """Posts one emergency answer to each path at that pace; the seconds each took since its own moment."""
    reached = {"SITE_URL": "http://localhost", "ALLOWED_HOSTS": "localhost,127.0.0.1"}
    running = Deployment(servers.folder, servers.environ(LOG_LEVEL="WARNING", **reached))
    try:
        web = running.web(workers=2)  # as in production
        start = time.monotonic() + 0.5
        moments = [start + number / rate for number in range(len(paths))]
        with ThreadPoolExecutor(PATIENTS_AT_ONCE) as patients:
            return list(patients.map(lambda path, at: _answer(web.port, path, at), paths, moments))
    finally:
        running.close()


def _ask(places: list[Place], count: int) -> list[str]:
    """That many check-ins just sent, of clinics that are open day and night; their pages' paths."""
    make_due(places, count)
    for place in places:
        place.step.template.asks_check_in = True
        place.step.template.save()
        approve_rules(save_rules(place.clinic), by=place.practitioner, now=database_now())
        factories.user(place.clinic, Role.STAFF, email="nurse@clinic.example.com")
        OpeningHours.objects.bulk_create(
            OpeningHours(
                clinic=place.clinic,
                weekday=day,
                opens_local_time=wall_time(0),
                closes_local_time=wall_time(23, 59),
            )
            for day in range(7)
        )
    now = database_now()
    ScheduledMessage.objects.update(status=Status.SENT, sent_at=now)
    ids = ScheduledMessage.objects.order_by("due_at").values_list("pk", flat=True)
    paths = [urlsplit(CHECK_IN.url(pk)).path for pk in ids]
    connections.close_all()
    return paths


def _answer(port: int, path: str, at: float) -> float:
    time.sleep(max(0.0, at - time.monotonic()))
    _post(port, path)
    return time.monotonic() - at


def _post(port: int, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, ANSWER, HEADERS)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.SEE_OTHER:
            raise RuntimeError(f"A check-in was answered with {answer.status}.")
    finally:
        connection.close()


def _count_notices(count: int) -> None:
    told = StaffNotice.objects.count()
    if not count == Concern.objects.count() == told:
        raise RuntimeError(f"{count} answers, {Concern.objects.count()} concerns, {told} notices to staff.")
