"""A message of which nobody knows whether it left: repeated where that is safe, else left to staff."""

from datetime import timedelta

import pytest

from aftercare.outbox import doubting, providers
from aftercare.outbox.handling import send_again
from aftercare.outbox.models import Attempt, ScheduledMessage, Status
from aftercare.outbox.reaping import reap
from aftercare.outbox.sending import drain
from aftercare.outbox.smtp import ConnectionLost
from tests.provider import losing_the_answer, refusing

pytestmark = pytest.mark.django_db
LOST = ConnectionLost("gone", payload_left=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def keys(monkeypatch, provider):
    """A mail service that knows idempotency keys for an hour, and the keys it was given."""
    given = []
    monkeypatch.setattr(providers, "_LIFETIMES", {"Provider": HOUR})
    return given


@pytest.fixture
def run(at, provider):
    return lambda: drain(deadline=at.now + timedelta(minutes=1))


@pytest.fixture
def doubted(run, at, provider, scheduled):
    """A message whose first answer was lost, and which waits to be repeated."""

    def make():
        provider.tricks = [losing_the_answer(LOST)]
        run()
        scheduled.refresh_from_db()
        return scheduled

    return make


def tries(message):
    return list(message.attempts.order_by("number"))


def test_lost_answer_is_repeated_with_the_same_key_and_the_same_copy(keys, doubted, run, at, provider):
    message = doubted()
    assert (message.status, message.why, message.in_doubt) == (Status.SCHEDULED, "answer_lost", True)

    at.now = message.due_at
    run()

    message.refresh_from_db()
    first, second = tries(message)
    assert (message.status, message.in_doubt) == (Status.SENT, False)
    assert first.idempotency_key == second.idempotency_key
    assert (first.digest, first.headers, first.values) == (second.digest, second.headers, second.values)
    assert provider.taken[0].wire == provider.taken[1].wire


def test_repeat_comes_within_seconds_and_then_ever_later(keys, doubted, run, at, provider):
    pauses = []
    message = doubted()
    for _ in range(4):
        pauses.append(message.due_at - at.now)
        at.now = message.due_at
        provider.tricks = [losing_the_answer(LOST)]
        run()
        message.refresh_from_db()

    longest = [timedelta(seconds=5 * 2**n) for n in range(4)]
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True))


def test_key_that_the_service_may_have_forgotten_is_never_used_again(keys, doubted, run, at, provider):
    message = doubted()
    at.now += HOUR

    run()

    message.refresh_from_db()
    assert (message.status, message.in_doubt) == (Status.UNCONFIRMED, True)
    assert len(provider.taken) == 1


def test_key_of_another_service_is_never_used(keys, doubted, run, at, provider):
    message = doubted()
    Attempt.objects.update(provider="Another")
    at.now = message.due_at

    run()

    message.refresh_from_db()
    assert message.status == Status.UNCONFIRMED
    assert len(provider.taken) == 1


def test_copy_that_cannot_be_made_again_is_left_to_staff(keys, doubted, run, at, provider):
    message = doubted()
    Attempt.objects.update(digest="0" * 64)
    at.now = message.due_at

    run()

    message.refresh_from_db()
    assert message.status == Status.UNCONFIRMED
    assert len(provider.taken) == 1


def test_repeat_that_is_refused_leaves_the_doubt_to_staff(keys, doubted, run, at, provider):
    message = doubted()
    at.now = message.due_at
    provider.tricks = [refusing(UnicodeError())]

    run()

    message.refresh_from_db()
    assert (message.status, message.in_doubt) == (Status.UNCONFIRMED, True)


@pytest.mark.parametrize("how", ["voided", "late", "suppressed"])
def test_message_stopped_while_in_doubt_is_not_said_to_be_stopped(keys, doubted, run, at, provider, how):
    message = doubted()
    at.now = message.due_at
    if how == "voided":
        type(message.session).objects.update(state="voided", voided_at=at.now, void_reason="-")
    if how == "late":
        ScheduledMessage.objects.update(latest_at=at.now - timedelta(seconds=1))
    if how == "suppressed":
        message.clinic.suppressions.create(email=message.patient.email, reason="-")

    run()

    message.refresh_from_db()
    assert message.status == Status.UNCONFIRMED
    assert len(provider.taken) == 1


def test_doubted_message_whose_window_passes_in_the_queue_is_left_to_staff(keys, doubted, at):
    message = doubted()
    at.now = message.latest_at + timedelta(seconds=1)

    reap()

    message.refresh_from_db()
    assert (message.status, message.why) == (Status.UNCONFIRMED, "window_passed")


def test_worker_lost_in_the_call_is_repeated_too(keys, run, at, provider, scheduled):
    class Killed(BaseException):
        pass

    def die(email):
        provider.taken.append(email)
        raise Killed

    provider.tricks = [die]
    with pytest.raises(Killed):
        run()
    at.pass_(minutes=6)
    reap()
    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.why) == (Status.SCHEDULED, "worker_lost")
    at.now = scheduled.due_at
    run()

    scheduled.refresh_from_db()
    assert scheduled.status == Status.SENT
    assert len({attempt.idempotency_key for attempt in tries(scheduled)}) == 1


def test_no_repeat_is_planned_after_the_window(keys, provider, run, at, scheduled):
    ScheduledMessage.objects.update(latest_at=at.now + timedelta(seconds=1))
    provider.tricks = [losing_the_answer(LOST)]

    run()

    scheduled.refresh_from_db()
    assert scheduled.status == Status.UNCONFIRMED


def test_reported_message_is_proven_and_not_repeated(keys, provider, run, at, scheduled):
    """The service's report came before its answer was lost."""

    def reported(email):
        ScheduledMessage.objects.update(delivery="delivered", delivery_at=at.now)
        raise LOST

    provider.tricks = [reported]

    run()

    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.why, scheduled.in_doubt) == (Status.SENT, "proven", False)
    assert scheduled.attempts.get().outcome == "sent"


def test_staff_who_send_it_again_get_a_copy_with_a_key_of_its_own(doubted, run, at, staff):
    message = doubted()
    send_again(message, reason="It never came.", by=staff, now=at.now)

    run()

    message.refresh_from_db()
    assert (message.status, message.in_doubt) == (Status.SENT, False)
    assert len({attempt.idempotency_key for attempt in tries(message)}) == 2


def test_send_again_step_uses_its_key_first_and_then_goes_once_more(keys, doubted, run, at, provider):
    message = doubted()
    message.step.unknown_policy = "send_again"
    message.step.save()
    ScheduledMessage.objects.update(latest_at=at.now + timedelta(days=1))
    at.now += HOUR
    message.refresh_from_db()

    run()

    message.refresh_from_db()
    assert message.status == Status.SENT
    assert len({attempt.idempotency_key for attempt in tries(message)}) == 2
    assert len({email.extra_headers["Message-ID"] for email in provider.taken}) == 1


def test_margin_is_longer_than_a_call(settings):
    from aftercare.outbox.calling import call_time

    settings.PROVIDER_TIMEOUT_SECONDS = 30
    assert call_time() <= doubting.KEY_MARGIN


def test_answer_lost_for_the_hundredth_time_is_repeated_still(keys, doubted, at, monkeypatch):
    monkeypatch.setattr(providers, "_LIFETIMES", {"Provider": timedelta(days=2)})
    message = doubted()
    ScheduledMessage.objects.update(latest_at=at.now + timedelta(days=2))
    last = message.attempts.get()
    for number in range(2, 101):
        last.pk, last.number = None, number
        last.save(force_insert=True)

    step = doubting.next_for(last, now=at.now)

    assert step.again_at <= at.now + doubting.LONGEST_REPEAT


def test_repeat_never_goes_to_an_address_that_was_corrected_meanwhile(keys, doubted, run, at, provider):
    message = doubted()
    message.patient.email = "corrected@example.com"
    message.patient.save()
    at.now = message.due_at

    run()

    message.refresh_from_db()
    assert message.status == Status.UNCONFIRMED
    assert len(provider.taken) == 1
