"""Through anymail and real HTTP to a server on loopback: what each of its faults does to the message."""

from datetime import timedelta

import pytest

from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.sending import drain
from tests.services.dialects import Answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(serve):
    """One that knows no idempotency keys."""
    return serve("postmark")


@pytest.fixture
def run(at, service, scheduled):
    """Drains, and returns the message as it is then."""

    def once():
        drain(deadline=at.now + timedelta(minutes=1))
        return ScheduledMessage.objects.get(pk=scheduled.pk)

    return once


def test_message_taken_keeps_the_services_own_id(run, service):
    message = run()

    assert (message.status, message.provider_message_id) == ("sent", "esp-1")
    assert message.attempts.get().provider == "Postmark"


def test_service_is_given_both_parts_our_id_and_no_tracking(run, service):
    message = run()

    [sent] = service.accepted
    assert sent.body["Metadata"] == {"message_id": str(message.pk)}
    assert (sent.body["TrackOpens"], sent.body["TrackLinks"]) == (False, "None")
    assert sent.body["HtmlBody"]
    assert sent.body["TextBody"]
    names = {header["Name"] for header in sent.body["Headers"]}
    assert {"Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"} <= names


@pytest.mark.parametrize(
    ("trouble", "status", "why"),
    [
        ("garbage", "unconfirmed", "answer_lost"),
        ("no id", "unconfirmed", "answer_lost"),
        ("drop", "unconfirmed", "answer_lost"),
        ("half", "unconfirmed", "answer_lost"),
        ("hang", "unconfirmed", "answer_lost"),
        ("cut", "unconfirmed", "answer_lost"),
        (Answer(500, taken=True), "unconfirmed", "answer_lost"),
        (Answer(502, "bad gateway"), "unconfirmed", "answer_lost"),
        (Answer(422, '{"ErrorCode": 300, "Message": "no"}'), "failed", "refused"),
        (Answer(422, '{"ErrorCode": 400, "Message": "no"}'), "scheduled", "channel_refused"),
        (Answer(401), "scheduled", "channel_refused"),
        (Answer(429), "scheduled", "waiting_to_retry"),
        (Answer(503), "scheduled", "waiting_to_retry"),
    ],
)
def test_answer_decides_what_becomes_of_the_message(run, service, trouble, status, why):
    service.misbehave(trouble)

    message = run()

    assert (message.status, message.why) == (status, why)
    assert service.calls == 1


def test_answer_that_never_ends_is_cut_off_and_in_doubt(run, service, settings):
    settings.EMAIL_TIMEOUT = 0.1
    service.misbehave("drip")

    message = run()

    assert (message.status, message.why) == ("unconfirmed", "answer_lost")


def test_retry_comes_no_earlier_than_the_service_asked(run, service, at):
    service.misbehave(Answer(429, headers={"Retry-After": "600"}))

    assert run().due_at >= at.now + timedelta(seconds=600)


def test_retry_after_a_refused_try_reaches_the_patient_once(run, service, at):
    service.misbehave(Answer(429, headers={"Retry-After": "600"}), times=1)
    message = run()
    at.pass_(minutes=30)

    assert run().status == "sent"
    assert service.copies() == {str(message.pk): 1}


def test_service_that_is_away_costs_no_more_than_time(run, service, at):
    service.close()

    message = run()

    assert (message.status, message.why) == ("scheduled", "waiting_to_retry")
    assert message.attempts.get().outcome == "not_sent"
