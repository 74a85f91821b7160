"""What lost workers and passed windows leave behind is picked up, once."""

from datetime import timedelta

import pytest

from aftercare.followups.models import FollowUpTask
from aftercare.outbox.claiming import claim
from aftercare.outbox.concluding import conclude
from aftercare.outbox.models import Attempt, ScheduledMessage, Status
from aftercare.outbox.reaping import BATCH, MOST_LOST, reap
from tests import factories

pytestmark = pytest.mark.django_db

LEASE = timedelta(minutes=5)


def statuses():
    return list(ScheduledMessage.objects.values_list("status", "why"))


@pytest.fixture
def lost(make_message, at):
    """Makes a message whose worker died while sending it."""

    def make(**over):
        message = make_message(status="sending", attempt_count=1, **over)
        version = message.step.template.versions.first()
        compiled = version.compiled.create(subject="s", html="h", text="t", digest="d", brand_digest="b")
        Attempt.objects.create(
            message=message, number=1, opened_at=at.now, provider="p", compiled=compiled,
            values={}, headers={}, digest="d",
        )  # fmt: skip
        at.now = message.lease_until + timedelta(milliseconds=1)
        return message

    return make


def test_claimed_message_whose_lease_is_over_is_scheduled_again(claimed, at):
    at.now = claimed.lease_until + timedelta(milliseconds=1)

    assert reap() == 1

    claimed.refresh_from_db()
    assert (claimed.status, claimed.why, claimed.claim_token) == ("scheduled", "", None)


def lose(message, at):
    """A worker claims it and is never heard of again."""
    at.now = max(at.now, message.due_at)
    assert [row.pk for row in claim(limit=10, lease=LEASE)] == [message.pk]
    at.pass_(seconds=LEASE.total_seconds() + 1)
    reap()
    message.refresh_from_db()


def test_message_lost_for_the_second_time_waits_so_that_others_go_first(scheduled, at):
    lose(scheduled, at)
    first = scheduled.due_at

    lose(scheduled, at)

    assert first < at.now < scheduled.due_at <= at.now + timedelta(seconds=30)
    assert scheduled.status == "scheduled"


def test_message_that_outlives_every_worker_fails_and_a_human_is_told(scheduled, at):
    for _ in range(MOST_LOST - 1):
        lose(scheduled, at)
        assert scheduled.status == "scheduled"

    lose(scheduled, at)

    assert (scheduled.status, scheduled.why) == ("failed", "worker_lost")
    assert FollowUpTask.objects.get().cause == "failed"


def test_message_in_doubt_that_outlives_every_worker_is_unconfirmed(scheduled, at):
    ScheduledMessage.objects.update(in_doubt=True, lost_claims=MOST_LOST - 1)

    lose(scheduled, at)

    assert scheduled.status == "unconfirmed"


def test_leases_that_hold_are_left_alone(claimed, make_message, at):
    make_message(status="sending")
    at.now = claimed.lease_until

    assert reap() == 0
    assert {status for status, _ in statuses()} == {"claimed", "sending"}


def test_message_lost_while_sending_becomes_unconfirmed_with_its_try_closed_as_unknown(lost):
    message = lost()

    reap()

    message.refresh_from_db()
    attempt = message.attempts.get()
    assert (message.status, message.why) == ("unconfirmed", "worker_lost")
    assert (attempt.outcome, attempt.error) == ("unknown", "worker_lost")
    passed = message.status_changes.values_list("from_status", "to_status")
    assert list(passed) == [("sending", "unknown"), ("unknown", "unconfirmed")]


def test_unconfirmed_safety_message_opens_a_task(lost):
    message = lost()

    reap()

    task = FollowUpTask.objects.get()
    assert (task.cause, task.source) == ("unconfirmed", f"message:{message.pk}:unconfirmed")


def test_unconfirmed_message_that_is_not_safety_critical_opens_none(lost):
    lost(safety_critical=False)

    reap()

    assert not FollowUpTask.objects.exists()


def test_message_of_a_send_again_step_goes_once_more_after_a_quarter_of_an_hour(lost, at):
    message = lost()
    message.session.protocol.steps.update(unknown_policy="send_again")

    reap()

    message.refresh_from_db()
    assert (message.status, message.why) == ("scheduled", "worker_lost")
    assert message.due_at == at.now + timedelta(minutes=15)


def test_message_of_a_send_again_step_lost_a_second_time_is_unconfirmed(lost, at):
    message = lost()
    message.session.protocol.steps.update(unknown_policy="send_again")
    first = message.attempts.get()
    Attempt.objects.create(
        message=message, number=0, outcome="unknown", opened_at=at.now, closed_at=at.now, provider="p",
        compiled=first.compiled, values={}, headers={}, digest="d",
    )  # fmt: skip

    reap()

    message.refresh_from_db()
    assert message.status == "unconfirmed"


def test_message_of_a_send_again_step_whose_window_ends_first_is_unconfirmed(lost, at):
    message = lost()
    message.session.protocol.steps.update(unknown_policy="send_again")
    ScheduledMessage.objects.update(latest_at=at.now + timedelta(minutes=14))

    reap()

    message.refresh_from_db()
    assert message.status == "unconfirmed"


@pytest.mark.parametrize("status", ["scheduled", "held"])
def test_message_whose_window_passed_is_missed_and_told(make_message, at, status):
    message = make_message(status=status)
    at.now = message.latest_at + timedelta(milliseconds=1)

    reap()

    task = FollowUpTask.objects.get()
    assert statuses() == [("missed", "window_passed")]
    assert (task.cause, task.source) == ("missed", f"message:{message.pk}:missed")
    assert task.deadline_at > at.now


def test_missed_message_whose_step_only_skips_opens_no_task(session, at):
    day_after = session.protocol.steps.get(slug="day-1")
    message = factories.message(session, day_after)
    at.now = message.latest_at + timedelta(milliseconds=1)

    reap()

    assert statuses() == [("missed", "window_passed")]
    assert not FollowUpTask.objects.exists()


def test_message_held_for_a_reopened_session_is_cancelled_without_a_task(make_message, at):
    message = make_message(status="held", why="session_reopened")
    at.now = message.latest_at + timedelta(milliseconds=1)

    reap()

    assert statuses() == [("cancelled", "session_reopened")]
    assert not FollowUpTask.objects.exists()


def test_message_at_the_end_of_its_window_is_left(scheduled, at):
    at.now = scheduled.latest_at

    assert reap() == 0


def test_reaping_again_changes_nothing_more(lost, make_message, at):
    lost()
    make_message()
    at.pass_(days=1)
    reap()
    before = statuses()

    assert reap() == 0
    assert statuses() == before
    assert FollowUpTask.objects.count() == 2


def test_reaping_goes_in_bounded_batches(session, at, monkeypatch):
    monkeypatch.setattr("aftercare.outbox.reaping.BATCH", 2)
    for number in range(5):
        factories.message(session, factories.step(session.protocol, number=10 + number))
    at.pass_(days=1)

    assert [reap(), reap(), reap(), reap()] == [2, 2, 1, 0]
    assert BATCH <= 500
    assert {status for status, _ in statuses()} == {Status.MISSED}


def test_message_that_breaks_our_own_code_keeps_no_other_from_being_reaped(at, make_message, monkeypatch):
    broken, sound = make_message(), make_message()
    at.now = sound.latest_at + timedelta(seconds=1)

    def break_one(message, **given):
        if message.pk == broken.pk:
            raise ZeroDivisionError
        return conclude(message, **given)

    monkeypatch.setattr("aftercare.outbox.reaping.conclude", break_one)

    reap()

    assert ScheduledMessage.objects.get(pk=sound.pk).status == "missed"
    assert ScheduledMessage.objects.get(pk=broken.pk).status == "scheduled"
