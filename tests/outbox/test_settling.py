"""What came of a try is written once, and written even if the database is away for a moment."""

from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError

from aftercare.followups.models import FollowUpTask
from aftercare.outbox import settling
from aftercare.outbox.claiming import claim
from aftercare.outbox.composing import compose
from aftercare.outbox.deciding import ChannelRefused, NotSent, Refused, Sent, Unknown
from aftercare.outbox.models import Attempt, ScheduledMessage
from aftercare.outbox.reaping import reap
from aftercare.outbox.settling import Result, new_attempt, open_attempt, persistently, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt(scheduled, at):
    """A try that is under way."""
    (message,) = claim(limit=1, lease=timedelta(minutes=5))
    attempt = new_attempt(message, compose(message, now=at.now), provider="p", now=at.now)
    assert open_attempt(attempt)
    return attempt


def test_try_is_not_opened_for_a_message_that_is_no_longer_ours(scheduled, at):
    (message,) = claim(limit=1, lease=timedelta(minutes=5))
    at.pass_(minutes=6)
    reap()
    claim(limit=1, lease=timedelta(minutes=5))

    assert not open_attempt(new_attempt(message, compose(message, now=at.now), provider="p", now=at.now))
    assert not Attempt.objects.exists()


def test_settling_again_changes_nothing(attempt, at):
    settle(attempt, Result(Sent("id-1")), now=at.now)

    assert not settle(attempt, Result(Refused()), now=at.now)
    attempt.message.refresh_from_db()
    assert (attempt.message.status, attempt.message.provider_message_id) == ("sent", "id-1")


@pytest.mark.parametrize("outcome", [NotSent(), Refused(), Unknown(), ChannelRefused()])
def test_worker_that_wakes_after_its_lease_was_reaped_changes_nothing(attempt, at, outcome):
    at.pass_(minutes=6)
    reap()

    assert not settle(attempt, Result(outcome), now=at.now)
    attempt.message.refresh_from_db()
    assert attempt.message.status == "unconfirmed"


def test_answer_that_comes_after_the_lease_was_reaped_ends_the_doubt(attempt, at):
    opened_at = at.now
    at.pass_(minutes=6)
    reap()

    assert settle(attempt, Result(Sent("id-1")), now=at.now)
    message = ScheduledMessage.objects.get()
    assert (message.status, message.why, message.in_doubt) == ("sent", "proven", False)
    assert (message.sent_at, message.provider_message_id) == (opened_at, "id-1")
    assert FollowUpTask.objects.get().closed_at == at.now


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
