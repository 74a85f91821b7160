"""What is due is leased to one claimer, the most important first."""

from datetime import timedelta

import pytest

from aftercare.outbox import limiting
from aftercare.outbox.claiming import MOST_DRAINS, claim, claim_within, wake_ups_worth
from aftercare.outbox.models import ScheduledMessage, SendBucket, Status
from tests import factories

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

    assert claim(limit=4, lease=LEASE)[:3] == [older, newer, late]


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


# --- each clinic has its turn ----------------------------------------------------------------------


@pytest.fixture
def queue(make_session, make_message, at):
    """Makes due messages of a new clinic, the first of them due so many minutes ago; returns them."""

    def make(count, *, minutes=30, critical=False):
        clinic = make_session().clinic
        start = at.now - timedelta(minutes=minutes)
        return [
            make_message(
                make_session(clinic),
                send_at=start,
                due_at=start + timedelta(milliseconds=number),
                safety_critical=critical,
            )
            for number in range(count)
        ]

    return make


def test_flood_of_one_clinic_leaves_the_others_their_turn(queue):
    flood, other = queue(12, minutes=60), queue(2, minutes=1)

    claimed = claim(limit=4, lease=LEASE)

    assert set(claimed) == {*flood[:2], *other}


def test_flood_delays_another_clinics_message_by_no_more_than_a_chunk(queue):
    flood = queue(20, minutes=60)
    first = claim(limit=5, lease=LEASE)
    (other,) = queue(1, minutes=0)

    second = claim(limit=5, lease=LEASE)

    assert first == flood[:5]
    assert other in second


def test_safety_critical_message_of_a_flooded_clinic_does_not_wait_for_its_flood(queue, make_message, at):
    flood = queue(12, minutes=60)
    urgent = make_message(flood[0].session, step=factories.step(flood[0].session.protocol, number=9))

    assert claim(limit=1, lease=LEASE) == [urgent]


def test_chunk_is_filled_when_the_others_have_little(queue):
    flood, other = queue(12, minutes=60), queue(1)

    claimed = claim(limit=6, lease=LEASE)

    assert set(claimed) == {*flood[:5], *other}


def test_more_clinics_than_a_chunk_holds_give_one_message_each(queue):
    for number in range(5):
        queue(2, minutes=60 - number)

    assert len({message.clinic_id for message in claim(limit=3, lease=LEASE)}) == 3


@pytest.mark.parametrize("limit", [1, 2])
def test_floods_do_not_keep_another_clinics_message_waiting_where_few_may_go(queue, limit):
    """Whose turn it is is drawn, so that one of so many claims takes it as good as surely."""
    for _again in range(limit):
        queue(30, minutes=60)
    (other,) = queue(1, minutes=0)

    claims = [claim(limit=limit, lease=LEASE) for _again in range(25)]

    assert [other] in [[one for one in each if one == other] for each in claims]


def test_clinic_that_is_shut_keeps_its_messages(queue):
    shut, other = queue(2, minutes=60), queue(1)

    claimed = claim_within(limit=10, lease=LEASE, shut=[shut[0].clinic_id])

    assert claimed.messages == other


def test_limited_clinic_gives_no_more_than_it_may_of_both_kinds_together(queue, make_message, at):
    plain = queue(3)
    clinic = plain[0].clinic
    clinic.mails_per_day = 2
    clinic.save()
    urgent = make_message(plain[0].session, step=factories.step(plain[0].session.protocol, number=9))
    full_bucket(clinic, at)

    claimed = claim_within(limit=10, lease=LEASE)

    assert claimed.messages == [urgent, plain[0]]
    assert claim(limit=10, lease=LEASE) == []


def test_account_gives_no_more_than_it_may(queue, at, settings):
    settings.MAIL_PER_DAY = 3
    queue(5)
    now = at.now
    SendBucket.objects.create(scope="channel:esp", tokens=9, filled_at=now, day=now.date(), taken_today=1)

    assert len(claim_within(limit=10, lease=LEASE, channel="esp").messages) == 2
    assert claim_within(limit=10, lease=LEASE, channel="esp").messages == []


def full_bucket(clinic, at):
    limiting._known = None
    SendBucket.objects.create(scope=f"clinic:{clinic.pk}", tokens=99, filled_at=at.now, day=at.now.date())


@pytest.fixture(autouse=True)
def forget_limits():
    limiting._known = None
    yield
    limiting._known = None


def test_clinic_at_its_limit_keeps_no_other_waiting_even_for_a_single_message(queue, at):
    full, other = queue(1, critical=True), queue(1)
    full[0].clinic.mails_per_day = 1
    full[0].clinic.save()
    now = at.now
    SendBucket.objects.create(
        scope=f"clinic:{full[0].clinic_id}", tokens=9, filled_at=now, day=now.date(), taken_today=1
    )

    assert claim_within(limit=1, lease=LEASE).messages == other
