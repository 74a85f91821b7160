"""What holds a drain back: a service in trouble, a refusal, a pause, a limit, or the end of its process."""

import smtplib
from datetime import timedelta

import pytest
import requests
from anymail.exceptions import AnymailRequestsAPIError

from aftercare.outbox import stopping
from aftercare.outbox.calling import call_time, lease_time
from aftercare.outbox.models import Attempt, ChannelRest, ScheduledMessage, SitePause, Status
from aftercare.outbox.relaying import relay
from aftercare.outbox.sending import drain
from aftercare.outbox.smtp import ConnectionLost
from tests import factories
from tests.outbox.conftest import statuses
from tests.provider import losing_the_answer, refusing

pytestmark = pytest.mark.django_db
CUT_AFTER = ConnectionLost("gone", payload_left=True)


def too_many_requests(*, retry_after):
    response = requests.Response()
    response.status_code, response.headers["Retry-After"] = 429, retry_after
    return AnymailRequestsAPIError(response=response)


def test_second_lost_answer_in_a_row_ends_the_batch_and_rests_the_service(run, at, provider, three):
    provider.tricks = [losing_the_answer(CUT_AFTER)] * 3

    run()

    left = ScheduledMessage.objects.get(pk=three[2].pk)
    assert statuses(three) == [Status.UNCONFIRMED, Status.UNCONFIRMED, Status.SCHEDULED]
    assert (left.attempt_count, left.due_at) == (0, three[2].due_at)
    assert ChannelRest.objects.get().until > at.now


def test_provider_that_says_wait_rests_and_is_left_alone(run, at, provider, three):
    provider.tricks = [refusing(smtplib.SMTPSenderRefused(421, b"busy", "c@example.com"))]
    run()

    assert run() == 0
    rows = list(ScheduledMessage.objects.order_by("attempt_count"))
    assert {row.status for row in rows} == {Status.SCHEDULED}
    assert [row.attempt_count for row in rows] == [0, 0, 1]
    assert rows[2].due_at == ChannelRest.objects.get().until


def test_service_that_takes_mail_again_gets_one_message_and_then_all(run, at, provider, three):
    provider.opening_errors = [ConnectionRefusedError()]
    run()
    at.now = ChannelRest.objects.get().until

    assert run() == 3
    assert statuses(three) == [Status.SENT] * 3
    assert not ChannelRest.objects.exists()


def test_service_still_in_trouble_costs_one_message_a_try(run, at, provider, three):
    refused = refusing(smtplib.SMTPSenderRefused(530, b"authenticate first", "c@example.com"))
    provider.tricks = [refused, refused]
    run()
    at.now = ChannelRest.objects.get().until
    run()

    rest = ChannelRest.objects.get()
    assert (rest.refused, rest.tries, rest.said) == (True, 2, "530 authenticate first")
    assert rest.until >= at.now + timedelta(minutes=1)
    assert sum(ScheduledMessage.objects.values_list("attempt_count", flat=True)) == 2


def test_log_in_refused_keeps_every_message_and_raises_one_alarm(run, at, provider, three, caplog):
    provider.opening_errors = [smtplib.SMTPAuthenticationError(535, b"bad password")]
    run()
    run()

    rows = ScheduledMessage.objects.all()
    assert {(row.status, row.attempt_count) for row in rows} == {("scheduled", 0)}
    assert ChannelRest.objects.get().refused
    assert caplog.text.count("mail_service_refuses") == 1
    at.pass_(minutes=2)
    run()
    assert statuses(three) == [Status.SENT] * 3


def test_refused_sender_rests_only_the_clinics_of_its_domain(run, at, provider, make_session, make_message):
    theirs = make_message(make_session(factories.clinic(sender_email="care@unverified.example.com")))
    ours = make_message(due_at=theirs.due_at + timedelta(seconds=1))
    provider.tricks = [refusing(smtplib.SMTPSenderRefused(553, b"not your domain", "c@example.com"))]

    run()

    assert statuses([theirs, ours]) == [Status.SCHEDULED, Status.SENT]
    rest = ChannelRest.objects.get()
    assert (rest.sender_domain, rest.refused) == ("unverified.example.com", True)


def test_server_that_is_away_keeps_every_message_as_it_was(run, at, provider, three):
    provider.opening_errors = [ConnectionRefusedError()]

    run()

    rows = ScheduledMessage.objects.all()
    assert {(row.status, row.why) for row in rows} == {("scheduled", "")}
    assert not Attempt.objects.exists()


def test_server_that_is_away_for_a_moment_is_asked_again_within_seconds(run, at, provider, scheduled):
    provider.opening_errors = [ConnectionRefusedError()]

    run()

    assert ChannelRest.objects.get().until <= at.now + timedelta(seconds=5)


def test_pause_the_service_asked_for_is_kept_to_the_second(run, at, provider, scheduled):
    provider.tricks = [refusing(too_many_requests(retry_after="90"))]

    run()

    scheduled.refresh_from_db()
    assert ChannelRest.objects.get().until == at.now + timedelta(seconds=90)
    assert scheduled.due_at >= at.now + timedelta(seconds=90)


def test_database_that_took_long_to_commit_leaves_no_call_beyond_the_lease(
    run, at, provider, three, monkeypatch
):
    def slow(done, attempt, *, now):
        opened = relay(done, attempt, now=now)
        at.now += lease_time() - call_time()
        return opened

    monkeypatch.setattr("aftercare.outbox.batch.relay", slow)
    monkeypatch.setattr("aftercare.outbox.batch.SLOW_COMMIT", -1)

    drain(deadline=at.now + timedelta(days=1))

    first = three[0].attempts.get()
    assert (provider.taken, first.outcome, first.error) == ([], "not_sent", "CommitTookTooLong")
    assert set(statuses(three)) == {Status.SCHEDULED}


def test_process_that_must_stop_finishes_the_message_in_hand_and_gives_back_the_rest(run, provider, three):
    provider.tricks = [lambda email: stopping.ask()]
    try:
        assert run() == 1
    finally:
        stopping.reset()

    assert statuses(three) == [Status.SENT, Status.SCHEDULED, Status.SCHEDULED]


def test_nothing_leaves_while_the_site_is_paused(run, at, provider, three):
    pause = SitePause.objects.create(paused_at=at.now, reason="-")

    assert run() == 0
    pause.resumed_at = at.now
    pause.save()
    assert run() == 3


def test_pause_of_the_site_is_seen_by_a_sender_within_a_second(run, at, provider, three):
    def pause(email):
        SitePause.objects.create(paused_at=at.now, reason="-")
        at.pass_(seconds=1)

    provider.tricks = [pause]

    assert run() == 1
    assert statuses(three) == [Status.SENT, Status.SCHEDULED, Status.SCHEDULED]


def test_limit_of_the_account_holds_the_drain_to_its_rate(at, provider, three, settings, monkeypatch):
    settings.MAIL_PER_SECOND = 1
    waited = []

    def wait(seconds):
        waited.append(seconds)
        at.pass_(seconds=seconds)

    monkeypatch.setattr("aftercare.outbox.sending.time.sleep", wait)
    started = at.now

    assert drain(deadline=at.now + timedelta(seconds=30)) == 3
    assert sum(waited) >= 3
    assert at.now - started >= timedelta(seconds=3)


def test_answers_lost_in_drains_of_one_message_each_rest_the_service_too(at, provider, three):
    def hang(email):
        at.pass_(minutes=2)
        raise CUT_AFTER

    provider.tricks = [hang, hang, hang]

    for _ in range(3):
        drain(deadline=at.now + timedelta(minutes=1))

    assert sorted(statuses(three)) == [Status.SCHEDULED, Status.UNCONFIRMED, Status.UNCONFIRMED]
    assert ChannelRest.objects.get().until > at.now


def test_message_whose_window_passed_while_connecting_does_not_leave(at, provider, scheduled, monkeypatch):
    opened = provider.open
    ScheduledMessage.objects.update(latest_at=at.now + timedelta(seconds=10))

    def slow(self):
        at.pass_(seconds=11)
        return opened(self)

    monkeypatch.setattr(provider, "open", slow)

    drain(deadline=at.now + timedelta(days=1))

    assert (provider.taken, statuses([scheduled])) == ([], [Status.MISSED])
