"""Reports to a real web process, at up to a hundred a second, while a worker sends and judges."""

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


def test_flood_of_reports_while_mail_is_sent_loses_none(deployment, service):
    due_messages(MESSAGES)
    web = deployment.web()
    deployment.worker()
    deployment.beat()
    wait_for(lambda: len(service.taken) >= MESSAGES // 4, "the first messages")

    answers = reported_while_sending(service, web.port)

    assert Counter(answers) == {200: 3 * MESSAGES}
    assert DeliveryEvent.objects.count() == 2 * MESSAGES
    wait_for(all_judged, "every report to be judged")
    states = Counter(ScheduledMessage.objects.values_list("status", "delivery"))
    assert states == {("sent", "delivered"): MESSAGES}
    assert len({email["To"] for email in service.taken}) == len(service.taken) == MESSAGES


def reported_while_sending(service, port):
    """Reports on messages as they are taken, until all are; the answers."""
    answers, reported = [], 0
    while reported < MESSAGES:
        taken = wait_for(partial(service.taken_after, reported), "more messages to be taken")
        reports = [one for number, email in taken for one in service.reports(email, number)]
        answers += post_all(port, reports, a_second=A_SECOND)
        reported += len(taken)
    return answers


def all_judged():
    return not DeliveryEvent.objects.exclude(verdict="applied").exists()
