"""One commit writes what came of one message and the try at the next; run again, it changes nothing."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from aftercare.outbox.claiming import claim
from aftercare.outbox.composing import compose
from aftercare.outbox.deciding import Sent
from aftercare.outbox.models import Attempt, ScheduledMessage, StatusChange
from aftercare.outbox.relaying import Done, relay
from aftercare.outbox.settling import Result, new_attempt
from aftercare.outbox.transitions import move

pytestmark = pytest.mark.django_db
TAKEN = Result(Sent("esp-1"))


@pytest.fixture
def pair(make_message, at):
    """Two claimed messages, each with a try that could be made."""
    for _ in range(2):
        make_message()
    claimed = claim(limit=2, lease=timedelta(minutes=5))
    return [new_attempt(one, compose(one, now=at.now), provider="p", now=at.now) for one in claimed]


def row(attempt):
    return ScheduledMessage.objects.get(pk=attempt.message_id)


def test_first_message_of_a_chunk_is_only_opened(pair, at):
    assert relay(None, pair[0], now=at.now)

    stored = Attempt.objects.get()
    assert (row(pair[0]).status, row(pair[0]).attempt_count) == ("sending", 1)
    assert (stored.pk, stored.digest, stored.headers) == (pair[0].pk, pair[0].digest, pair[0].headers)
    assert (stored.values, stored.idempotency_key) == (pair[0].values, pair[0].idempotency_key)
    assert (stored.outcome, stored.error, stored.opened_at) == ("open", "", at.now)


def test_what_came_of_one_and_the_try_at_the_next_are_written_together(pair, at):
    relay(None, pair[0], now=at.now)
    later = at.pass_(seconds=2)

    assert relay(Done(pair[0], TAKEN), pair[1], now=later)

    first, second = row(pair[0]), row(pair[1])
    assert (first.status, first.sent_at, first.provider_message_id) == ("sent", later, "esp-1")
    assert (first.claim_token, first.lease_until, first.in_doubt) == (None, None, False)
    assert second.status == "sending"
    closed = Attempt.objects.get(pk=pair[0].pk)
    assert (closed.outcome, closed.closed_at, closed.provider_message_id) == ("sent", later, "esp-1")


def test_history_has_one_line_for_what_was_sent(pair, at):
    relay(None, pair[0], now=at.now)
    relay(Done(pair[0], TAKEN), None, now=at.now)

    line = StatusChange.objects.get()
    assert (line.message_id, line.from_status, line.to_status, line.at) == (
        pair[0].message_id,
        "sending",
        "sent",
        at.now,
    )
    assert (line.why, line.detail, line.actor) == ("", "", None)


def test_message_taken_from_us_is_not_opened_but_the_other_is_settled(pair, at):
    relay(None, pair[0], now=at.now)
    move(pair[1].message_id, to="cancelled", frm="claimed", now=at.now)

    assert not relay(Done(pair[0], TAKEN), pair[1], now=at.now)

    assert (row(pair[0]).status, row(pair[1]).status) == ("sent", "cancelled")
    assert Attempt.objects.count() == 1


def test_run_again_it_writes_nothing_twice_and_knows_its_own_try(pair, at):
    """The commit went through and the answer to it was lost, as when the database restarts."""
    relay(None, pair[0], now=at.now)
    relay(Done(pair[0], TAKEN), pair[1], now=at.now)
    known = pair[1].pk
    pair[1].pk = None

    assert relay(Done(pair[0], TAKEN), pair[1], now=at.now)

    assert pair[1].pk == known
    assert (Attempt.objects.count(), StatusChange.objects.count()) == (2, 1)


def test_answer_of_a_try_that_was_given_up_meanwhile_proves_that_it_was_sent(pair, at):
    relay(None, pair[0], now=at.now)
    Attempt.objects.update(outcome="unknown", closed_at=at.now)
    ScheduledMessage.objects.filter(pk=pair[0].message_id).update(
        status="unconfirmed", in_doubt=True, claim_token=None, lease_until=None
    )

    relay(Done(pair[0], TAKEN), pair[1], now=at.now)

    assert (row(pair[0]).status, row(pair[0]).why, row(pair[0]).in_doubt) == ("sent", "proven", False)


def test_neither_is_written_when_the_commit_fails(pair, at):
    relay(None, pair[0], now=at.now)
    pair[1].digest = "x" * 65 if connection.vendor == "postgresql" else None

    with pytest.raises(Exception, match=r"too long|NOT NULL"), transaction.atomic():
        relay(Done(pair[0], TAKEN), pair[1], now=at.now)

    assert (row(pair[0]).status, row(pair[1]).status) == ("sending", "claimed")
