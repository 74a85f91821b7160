"""What is due is leased to one claimer, the most important first."""

from datetime import timedelta

import pytest

from aftercare.outbox.claiming import MOST_DRAINS, claim, wake_ups_worth
from aftercare.outbox.models import ScheduledMessage, Status

pytestmark = pytest.mark.django_db
LEASE = timedelta(minutes=5)


def test_claim_leases_what_is_due_until_the_clock_plus_the_lease(scheduled, at):
    (message,) = claim(limit=10, lease=LEASE)

    scheduled.refresh_from_db()
    assert message == scheduled
    assert scheduled.status == Status.CLAIMED
    assert scheduled.lease_until == at.now + LEASE
    assert scheduled.claim_token == message.claim_token is not None


def test_claim_leaves_what_is_not_due_yet(make_message, at):
    make_message(due_at=at.now + timedelta(milliseconds=1))

    assert claim(limit=10, lease=LEASE) == []


def test_claim_takes_what_is_due_this_very_instant(make_message, at):
    make_message(due_at=at.now)

    assert len(claim(limit=10, lease=LEASE)) == 1


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.SCHEDULED}))
def test_claim_leaves_every_status_but_scheduled(make_session, make_message, status, at):
    newer = make_session() if status == Status.SUPERSEDED else None
    message = make_message(status=status, superseded_by=newer)

    assert claim(limit=10, lease=LEASE) == []
    message.refresh_from_db()
    assert message.status == status


def test_claim_never_takes_more_than_its_limit(make_message, at):
    for critical in (True, True, False, False):
        make_message(safety_critical=critical)

    assert len(claim(limit=3, lease=LEASE)) == 3
    assert ScheduledMessage.objects.filter(status="scheduled").count() == 1


def test_claim_takes_safety_critical_ones_first_then_the_longest_due(make_message, at):
    at.pass_(hours=1)

    def due(minutes, critical):
        return make_message(safety_critical=critical, due_at=at.now - timedelta(minutes=minutes))

    older, late, newer = due(1, critical=True), due(50, critical=False), due(0, critical=True)
    due(2, critical=False)

    assert claim(limit=3, lease=LEASE) == [older, newer, late]


def test_two_claims_share_no_message_and_no_token(make_message, at):
    for _ in range(4):
        make_message()

    first, second = claim(limit=2, lease=LEASE), claim(limit=2, lease=LEASE)

    assert not set(first) & set(second)
    assert len({m.claim_token for m in first}) == 1
    assert first[0].claim_token != second[0].claim_token


def test_claim_run_again_finds_nothing_more(scheduled, at):
    claim(limit=10, lease=LEASE)

    assert claim(limit=10, lease=LEASE) == []


@pytest.mark.parametrize(("due", "drains"), [(0, 0), (1, 1), (2, 1), (3, 2), (9, MOST_DRAINS)])
def test_as_many_drains_are_woken_as_have_work(make_message, at, due, drains):
    for number in range(due):
        make_message(safety_critical=bool(number % 2))
    make_message(due_at=at.now + timedelta(hours=1))

    assert wake_ups_worth(now=at.now, chunk=2) == drains
