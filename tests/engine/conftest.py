"""Due messages of the present."""

from datetime import timedelta

import pytest

from aftercare.outbox.clock import database_now
from tests import factories


@pytest.fixture
def due(transactional_db):
    """Makes messages that are due now, of one clinic and one protocol, a patient each."""
    return due_messages


def due_messages(count, **step):
    """Due since a minute ago, for two hours more; ``step`` overrides fields of their step."""
    now = database_now()
    clinic = factories.clinic()
    shared = {"clinic": clinic, "practitioner": factories.practitioner(clinic)}
    shared |= {"protocol": factories.protocol(clinic, (factories.ELAPSED | step,)), "state": "completed", "completed_at": now}
    sessions = [
        factories.treatment_session(ended_at=now - timedelta(hours=2), **shared) for _ in range(count)
    ]
    window = {"send_at": now - timedelta(minutes=1), "latest_at": now + timedelta(hours=2)}
    return [factories.message(session, **window) for session in sessions]
