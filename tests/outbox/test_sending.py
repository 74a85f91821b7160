"""A drain hands over what is due, one message at a time, and settles each by what is known of it."""

import gc
import smtplib
from datetime import timedelta

import pytest
from django.db import DatabaseError

from aftercare.content.approval import retire
from aftercare.followups.models import FollowUpTask
from aftercare.outbox import clock, stopping
from aftercare.outbox.calling import call_time, lease_time
from aftercare.outbox.channel import Channel
from aftercare.outbox.composing import reproduce
from aftercare.outbox.models import (
    Attempt,
    ScheduledMessage,
    Status,
    Suppression,
)
from aftercare.outbox.sending import drain
from aftercare.outbox.smtp import ConnectionLost
from aftercare.outbox.transitions import move
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.outbox.conftest import statuses
from tests.provider import losing_the_answer, refusing

pytestmark = pytest.mark.django_db
REFUSED = smtplib.SMTPRecipientsRefused({"amara@example.com": (550, b"5.1.1 no such user")})
LATER = smtplib.SMTPRecipientsRefused({"amara@example.com": (451, b"4.7.1 come back later")})
CUT_BEFORE = ConnectionLost("gone", payload_left=False)
CUT_AFTER = ConnectionLost("gone", payload_left=True)


def ids(provider):
    return [email.extra_headers["Message-ID"][1:37] for email in provider.taken]


def test_due_message_is_sent_and_says_so(run, at, provider, scheduled):
    assert run() == 1

    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.sent_at, scheduled.attempt_count) == (Status.SENT, at.now, 1)
    assert (scheduled.claim_token, scheduled.lease_until) == (None, None)
    assert ids(provider) == [str(scheduled.pk)]


def test_copy_that_left_is_the_one_that_is_kept(run, provider, scheduled):
    run()

    copy, left = reproduce(Attempt.objects.get()), provider.taken[0]
    assert (copy.subject, copy.text) == (left.subject, left.body)
    assert [tuple(part) for part in left.alternatives] == [(copy.html, "text/html")]
    assert left.to == [scheduled.patient.email]


def test_try_is_on_record_before_the_provider_is_called(run, provider, scheduled):
    seen = []
    provider.tricks = [
        lambda email: seen.append((statuses([scheduled]), Attempt.objects.get().outcome)),
    ]

    run()

    assert seen == [([Status.SENDING], "open")]


def test_try_is_closed_with_its_outcome(run, at, scheduled):
    run()

    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.closed_at, attempt.provider) == ("sent", at.now, "Provider")


def test_drain_lets_go_of_what_it_read_without_a_search_for_garbage(run, three):
    """Else a worker grows by it until the next search, thousands of messages later."""
    gc.disable()
    try:
        before = {id(row) for row in gc.get_objects() if type(row) is TreatmentSession}
        assert run() == 3
        left = [row for row in gc.get_objects() if type(row) is TreatmentSession and id(row) not in before]
    finally:
        gc.enable()

    assert left == []


def test_nothing_is_sent_twice_by_a_second_drain(run, provider, three):
    run()

    assert run() == 0
    assert len(provider.taken) == 3


def test_batch_goes_over_one_connection(run, provider, three):
    run()

    assert (provider.connections, len(provider.taken)) == (1, 3)


def test_more_than_a_chunk_is_sent_in_one_drain(run, provider, three, settings):
    settings.CLAIM_CHUNK = 2

    assert run() == 3
    assert len(provider.taken) == 3


def test_drain_stops_at_its_deadline_and_gives_back_the_rest(at, provider, three):
    provider.tricks = [lambda email: at.pass_(minutes=2)]

    drain(deadline=at.now + timedelta(minutes=1))

    assert len(provider.taken) == 1
    assert sorted(statuses(three)) == [Status.SCHEDULED, Status.SCHEDULED, Status.SENT]


def test_drain_ends_in_its_time_though_the_databases_clock_is_set_back(
    at, provider, three, settings, monkeypatch
):
    settings.CLAIM_CHUNK = 1
    passed = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: passed[0])

    def set_back(email):
        at.pass_(hours=-1)
        passed[0] += 61

    long_due = at.now - timedelta(hours=2)
    ScheduledMessage.objects.update(due_at=long_due, send_at=long_due)
    provider.tricks = [set_back]

    drain(deadline=at.now + timedelta(minutes=1))

    assert len(provider.taken) == 1


def test_no_connection_is_made_anew_for_a_process_that_should_end(at, provider, three, monkeypatch):
    opened, really_open = [], Channel.open

    def note(channel):
        opened.append(channel)
        really_open(channel)

    monkeypatch.setattr(Channel, "open", note)
    provider.tricks = [lambda email: stopping.ask()]
    try:
        drain(deadline=at.now + timedelta(minutes=1))
    finally:
        stopping.reset()

    assert len(opened) == 1
    assert sorted(statuses(three)) == [Status.SCHEDULED, Status.SCHEDULED, Status.SENT]


def test_no_call_begins_that_could_outlast_the_lease(at, provider, three):
    provider.tricks = [lambda email: at.__setattr__("now", at.now + lease_time() - call_time())]

    drain(deadline=at.now + timedelta(days=1))

    assert sorted(statuses(three)) == [Status.SCHEDULED, Status.SCHEDULED, Status.SENT]
    assert len(provider.taken) == 1


def test_lease_is_long_enough_for_a_call_whatever_the_settings(settings):
    settings.LEASE_SECONDS, settings.PROVIDER_TIMEOUT_SECONDS = 60, 120

    assert lease_time() > call_time()


# --- what is looked at again ----------------------------------------------------------------------


def test_message_stopped_after_it_was_claimed_does_not_leave(run, at, provider, three):
    """Whoever cancels a claimed message wins: the sender's claim no longer holds it."""
    stop = three[1]
    provider.tricks = [
        lambda email: move(stop.pk, to=Status.CANCELLED, frm=Status.CLAIMED, now=at.now, why="by_staff")
    ]

    run()

    assert ids(provider) == [str(three[0].pk), str(three[2].pk)]
    assert statuses([stop]) == [Status.CANCELLED]


def test_patient_paused_after_the_claim_is_held(run, at, provider, three):
    patient = three[1].patient

    def pause(email):
        type(patient).objects.filter(pk=patient.pk).update(paused_at=at.now)
        at.pass_(seconds=1)

    provider.tricks = [pause]

    run()

    held = ScheduledMessage.objects.get(pk=three[1].pk)
    assert (held.status, held.why) == (Status.HELD, "patient_paused")
    assert len(provider.taken) == 2


def test_suppressed_safety_message_is_not_sent_and_a_human_is_told(run, at, provider, scheduled):
    Suppression.objects.create(
        clinic=scheduled.clinic, email=scheduled.patient.email, reason="-", created_at=at.now
    )

    run()

    assert (provider.taken, statuses([scheduled])) == ([], [Status.SUPPRESSED])
    assert FollowUpTask.objects.get().cause == "suppressed"


def test_message_whose_window_passed_in_the_queue_is_missed(at, provider, scheduled):
    at.now = scheduled.latest_at + timedelta(milliseconds=1)

    drain(deadline=at.now + timedelta(minutes=1))

    assert (provider.taken, statuses([scheduled])) == ([], [Status.MISSED])


# --- what cannot be written -----------------------------------------------------------------------


def test_message_without_an_approved_text_fails_alone_and_says_why(run, at, provider, three):
    retire(three[1].step.template.versions.get(), now=at.now)

    run()

    failed = ScheduledMessage.objects.get(pk=three[1].pk)
    assert (failed.status, failed.why) == (Status.FAILED, "not_approved")
    assert failed.why_detail == three[1].step.template.name
    assert len(provider.taken) == 2


def test_message_that_cannot_be_filled_fails_alone_and_a_human_is_told(run, provider, three):
    poisoned = factories.template(three[0].clinic)
    factories.approved_version(poisoned, body="{{ patient.shoe_size }}")
    three[0].step.template = poisoned
    three[0].step.save()

    run()

    failed = ScheduledMessage.objects.get(pk=three[0].pk)
    assert (failed.status, failed.why) == (Status.FAILED, "cannot_compose")
    assert "shoe_size" in failed.why_detail
    assert FollowUpTask.objects.get().source == f"message:{failed.pk}:failed"
    assert len(provider.taken) == 2


def test_session_that_breaks_our_own_code_costs_one_message(run, provider, three):
    three[1].session.areas.all().delete()

    run()

    failed = ScheduledMessage.objects.get(pk=three[1].pk)
    assert (failed.status, failed.why, failed.why_detail) == (Status.FAILED, "cannot_compose", "ValueError")
    assert len(provider.taken) == 2


def test_database_trouble_while_composing_is_not_blamed_on_the_message(run, scheduled, monkeypatch):
    def fail(*args, **kwargs):
        raise DatabaseError("gone")

    monkeypatch.setattr("aftercare.outbox.readying.compose", fail)

    with pytest.raises(DatabaseError):
        run()
    assert statuses([scheduled]) == [Status.CLAIMED]


# --- what the provider says -----------------------------------------------------------------------


def test_refused_message_fails_with_the_providers_words_and_a_task(run, provider, three):
    provider.tricks = [refusing(REFUSED)]

    run()

    failed, attempt = ScheduledMessage.objects.get(pk=three[0].pk), three[0].attempts.get()
    assert (failed.status, failed.why) == (Status.FAILED, "refused")
    assert failed.why_detail == attempt.error_detail == "550 5.1.1 no such user"
    assert (attempt.outcome, attempt.error) == ("refused", "SMTPRecipientsRefused")
    assert FollowUpTask.objects.get().cause == "failed"
    assert (provider.connections, len(provider.taken)) == (1, 2)


def test_message_put_off_by_the_provider_waits_and_then_goes(run, at, provider, scheduled):
    provider.tricks = [refusing(LATER)]
    run()
    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.why) == (Status.SCHEDULED, "waiting_to_retry")
    assert timedelta(0) < scheduled.due_at - at.now <= timedelta(seconds=30)
    assert scheduled.attempts.get().outcome == "not_sent"

    at.now = scheduled.due_at
    run()

    assert statuses([scheduled]) == [Status.SENT]
    assert list(scheduled.attempts.values_list("number", "outcome")) == [(1, "not_sent"), (2, "sent")]


def test_retry_that_would_come_after_the_window_fails_with_a_task(run, at, provider, make_message):
    message = make_message(latest_at=at.now)
    provider.tricks = [refusing(LATER)]

    run()

    message.refresh_from_db()
    assert (message.status, message.why) == (Status.FAILED, "retries_spent")
    assert FollowUpTask.objects.get().cause == "failed"


def test_lost_answer_is_unconfirmed_and_never_sent_again_blindly(run, at, provider, scheduled):
    provider.tricks = [losing_the_answer(CUT_AFTER)]
    run()

    at.pass_(hours=1)
    run()

    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.why) == (Status.UNCONFIRMED, "answer_lost")
    assert scheduled.attempts.get().outcome == "unknown"
    assert FollowUpTask.objects.get().cause == "unconfirmed"
    assert len(provider.taken) == 1


def test_send_again_step_goes_once_more_with_the_same_message_id(run, at, provider, scheduled):
    scheduled.session.protocol.steps.update(unknown_policy="send_again")
    provider.tricks = [losing_the_answer(CUT_AFTER), losing_the_answer(CUT_AFTER)]
    run()
    at.pass_(minutes=15)
    run()
    at.pass_(minutes=15)
    run()

    assert ids(provider) == [str(scheduled.pk), str(scheduled.pk)]
    assert statuses([scheduled]) == [Status.UNCONFIRMED]


@pytest.mark.parametrize(("cut", "first"), [(CUT_BEFORE, Status.SCHEDULED), (CUT_AFTER, Status.UNCONFIRMED)])
def test_rest_of_the_batch_goes_over_a_new_connection(run, provider, three, cut, first):
    provider.tricks = [refusing(cut)]

    run()

    assert statuses(three) == [first, Status.SENT, Status.SENT]
    assert provider.connections == 2


def test_farewell_that_fails_changes_nothing(run, provider, scheduled, monkeypatch):
    def fail(self):
        raise OSError("gone")

    monkeypatch.setattr(provider, "close", fail)

    run()

    assert statuses([scheduled]) == [Status.SENT]
