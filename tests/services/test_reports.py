"""A hundred reports a second to a real web process, while a worker sends and judges: none is lost."""

import time
from collections import Counter
from functools import partial

import pytest

from aftercare.outbox.models import DeliveryEvent, ScheduledMessage
from tests.engine.conftest import due_messages
from tests.services.mail_service import LOGIN, MailService, post_all
from tests.services.processes import wait_for

pytestmark = pytest.mark.services
MESSAGES = 100
A_SECOND = 100


@pytest.fixture
def service(deployment):
    server = MailService()
    deployment.environ.pop("EMAIL_URL")
    deployment.environ |= {
        "POSTMARK_SERVER_TOKEN": "token",
        "POSTMARK_API_URL": server.url,
        "WEBHOOK_SECRET": LOGIN,
    }
    yield server
    server.close()


def test_hundred_reports_a_second_while_mail_is_sent_lose_none(deployment, service, record_property):
    due_messages(MESSAGES)
    web = deployment.web()
    deployment.worker()
    deployment.beat()
    wait_for(lambda: len(service.taken) >= MESSAGES // 4, "the first messages")

    answers, seconds = reported_while_sending(service, web.port)

    record_property("reports a second", round(len(answers) / seconds))
    assert Counter(answers) == {200: 3 * MESSAGES}
    assert DeliveryEvent.objects.count() == 2 * MESSAGES
    wait_for(all_judged, "every report to be judged")
    states = Counter(ScheduledMessage.objects.values_list("status", "delivery"))
    assert states == {("sent", "delivered"): MESSAGES}
    assert len({email["To"] for email in service.taken}) == len(service.taken) == MESSAGES


def reported_while_sending(service, port):
    """Reports on messages as they are taken, until all are; the answers, and how long posting took."""
    answers, seconds, reported = [], 0.0, 0
    while reported < MESSAGES:
        taken = wait_for(partial(service.taken_after, reported), "more messages to be taken")
        reports = [one for number, email in taken for one in service.reports(email, number)]
        start = time.monotonic()
        answers += post_all(port, reports, a_second=A_SECOND)
        seconds += time.monotonic() - start
        reported += len(taken)
    return answers, seconds


def all_judged():
    return not DeliveryEvent.objects.exclude(verdict="applied").exists()
