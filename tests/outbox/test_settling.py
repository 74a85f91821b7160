"""What came of a try is written once, and written even if the database is away for a moment."""

from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError

from aftercare.outbox import settling
from aftercare.outbox.claiming import claim
from aftercare.outbox.composing import compose
from aftercare.outbox.deciding import Refused, Sent
from aftercare.outbox.models import Attempt
from aftercare.outbox.reaping import reap
from aftercare.outbox.settling import Result, open_attempt, persistently, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt(scheduled, at):
    """A try that is under way."""
    (message,) = claim(limit=1, lease=timedelta(minutes=5))
    return open_attempt(message, compose(message, now=at.now), provider="p", now=at.now)


def test_try_is_not_opened_for_a_message_that_is_no_longer_ours(scheduled, at):
    (message,) = claim(limit=1, lease=timedelta(minutes=5))
    at.pass_(minutes=6)
    reap()
    claim(limit=1, lease=timedelta(minutes=5))

    assert open_attempt(message, compose(message, now=at.now), provider="p", now=at.now) is None
    assert not Attempt.objects.exists()


def test_settling_again_changes_nothing(attempt, at):
    settle(attempt, Result(Sent("id-1")), now=at.now)

    assert not settle(attempt, Result(Refused()), now=at.now)
    attempt.message.refresh_from_db()
    assert (attempt.message.status, attempt.message.provider_message_id) == ("sent", "id-1")


def test_worker_that_wakes_after_its_lease_was_reaped_changes_nothing(attempt, at):
    at.pass_(minutes=6)
    reap()

    assert not settle(attempt, Result(Sent("id-1")), now=at.now)
    attempt.message.refresh_from_db()
    assert attempt.message.status == "unconfirmed"


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_outcome_is_written_though_the_database_was_away(monkeypatch, error):
    monkeypatch.setattr(settling.time, "sleep", lambda seconds: None)
    answers = [error("gone"), error("gone"), True]

    def write():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert persistently(write)
    assert answers == []


def test_database_that_stays_away_is_reported(monkeypatch):
    monkeypatch.setattr(settling.time, "sleep", lambda seconds: None)
    tries = []

    def write():
        tries.append(1)
        raise OperationalError("gone")

    with pytest.raises(OperationalError):
        persistently(write)
    assert len(tries) > 3
