"""Due messages of the present, and the engine's processes around them."""

from collections import Counter
from datetime import timedelta

import pytest

from aftercare.outbox.clock import database_now
from aftercare.outbox.models import ScheduledMessage, Status
from tests import factories
from tests.services.processes import wait_for

UNSETTLED = (Status.SCHEDULED, Status.CLAIMED, Status.SENDING, Status.UNKNOWN)


class Engine:
    """Messages in the database, what became of them, and what the mail server has of them."""

    def __init__(self, deployment, mailbox):
        self.deployment, self.mailbox = deployment, mailbox
        deployment.environ["DJANGO_SETTINGS_MODULE"] = "tests.engine.settings"

    def worker(self, concurrency=1):
        return self.deployment.worker(concurrency=concurrency)

    def beat(self):
        return self.deployment.beat()

    def statuses(self):
        return Counter(ScheduledMessage.objects.values_list("status", flat=True))

    def until_settled(self, *, seconds=60):
        wait_for(
            lambda: not ScheduledMessage.objects.filter(status__in=UNSETTLED).exists(),
            "every message to be settled",
            seconds=seconds,
        )

    def copies(self, message):
        domain = message.clinic.sender_email.partition("@")[2]
        return self.mailbox.copies()[f"<{message.pk}@{domain}>"]

    def assert_surely_once(self, *, in_doubt=0):
        """Nothing lost, nothing twice: one copy of what is sent, at most one of what nobody can know."""
        messages = list(ScheduledMessage.objects.select_related("clinic"))
        sent = [message for message in messages if message.status == Status.SENT]
        doubted = [message for message in messages if message.status == Status.UNCONFIRMED]
        assert len(sent) + len(doubted) == len(messages)
        assert len(doubted) <= in_doubt
        assert {self.copies(message) for message in sent} <= {1}
        assert {self.copies(message) for message in doubted} <= {0, 1}
        assert len(self.mailbox.messages) == sum(self.copies(message) for message in messages)


@pytest.fixture
def engine(deployment, mailbox):
    return Engine(deployment, mailbox)


@pytest.fixture
def due(transactional_db):
    """Makes messages that are due now, of one clinic and one protocol, a patient each."""
    return due_messages


def due_messages(count, **step):
    """Due since a minute ago, for two hours more; ``step`` overrides fields of their step."""
    now = database_now()
    clinic = factories.clinic()
    shared = {"clinic": clinic, "practitioner": factories.practitioner(clinic)}
    shared |= {"protocol": factories.protocol(clinic, (factories.ELAPSED | step,))}
    shared |= {"state": "completed", "completed_at": now}
    sessions = [
        factories.treatment_session(ended_at=now - timedelta(hours=2), **shared) for _ in range(count)
    ]
    window = {"send_at": now - timedelta(minutes=1), "latest_at": now + timedelta(hours=2)}
    return [factories.message(session, **window) for session in sessions]
