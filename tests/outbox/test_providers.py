"""Idempotency keys through anymail and real HTTP: the same key twice is one message for the patient."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from anymail.exceptions import AnymailInvalidAddress
from django.core.mail import get_connection

from aftercare.outbox.channel import Channel
from aftercare.outbox.deciding import Refused, Sent, Unknown, decide
from aftercare.outbox.models import Attempt
from aftercare.outbox.providers import has_answer, key_lifetime
from aftercare.outbox.wire import Mail
from tests.services.dialects import Answer

NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)
OURS = "2c7f8f4e-9e3b-4f5e-8d0c-6a1f6f1b7a11"


def write(subject="Your treatment"):
    email = Mail(
        subject,
        "Hello",
        from_email="Clinic <care@clinic.example.com>",
        to=["amara@example.com"],
        headers={"Message-ID": f"<{OURS}@clinic.example.com>", "Auto-Submitted": "auto-generated"},
    )
    email.attach_alternative("<p>Hello</p>", "text/html")
    return email


def hand_over(key, **over):
    """Through the channel, with the key; returns the message's id at the provider, or what was decided."""
    channel, email = Channel(), write(**over)
    channel.prepare(email, Attempt(message_id=uuid.UUID(OURS), idempotency_key=key))
    channel.open()
    try:
        return channel.hand_over(email)
    except Exception as error:  # noqa: BLE001
        return decide(error, provider=channel.name, now=NOW)
    finally:
        channel.close()


@pytest.mark.parametrize(
    ("provider", "lifetime"),
    [
        ("Resend", timedelta(hours=23)),
        ("Brevo", timedelta(minutes=13)),
        ("Postmark", None),
        ("SMTP h:25", None),
    ],
)
def test_key_protects_less_long_than_the_provider_documents(settings, provider, lifetime):
    settings.EMAIL_BACKEND = "aftercare.outbox.providers.ResendBackend"

    assert key_lifetime(provider) == lifetime


def test_key_that_the_backend_does_not_hand_over_protects_from_nothing(settings):
    settings.EMAIL_BACKEND = "anymail.backends.resend.EmailBackend"

    assert key_lifetime("Resend") is None


def test_resend_gets_the_key_as_http_header(serve):
    server, key = serve("resend"), uuid.uuid4()
    hand_over(key)

    [mail] = server.requests
    assert mail.key == str(key)
    assert "idempotency" not in str(mail.body).lower()


def test_resend_answers_a_repeated_call_with_the_first_id(serve):
    server, key = serve("resend"), uuid.uuid4()

    assert [hand_over(key), hand_over(key)] == ["esp-1", "esp-1"]
    assert server.copies() == {OURS: 1}


def test_resend_that_knows_the_key_with_other_words_leaves_the_message_in_doubt(serve):
    server, key = serve("resend"), uuid.uuid4()
    hand_over(key)

    assert hand_over(key, subject="Other words") == Unknown(replayable=False)
    assert server.copies() == {OURS: 1}


@pytest.mark.parametrize("kind", ["resend", "brevo"])
@pytest.mark.parametrize("trouble", ["hang", "drop", "half", "garbage", "no id", Answer(500, taken=True)])
def test_call_repeated_after_a_lost_answer_sends_no_second_copy(serve, kind, trouble):
    server, key = serve(kind), uuid.uuid4()
    server.misbehave(trouble, times=1)

    first, second = hand_over(key), hand_over(key)

    assert first == Unknown()
    assert second == (Sent(earlier=True) if kind == "brevo" else "esp-1")
    assert server.copies() == {OURS: 1}


@pytest.mark.parametrize("kind", ["resend", "brevo"])
def test_call_repeated_after_a_cut_line_sends_the_only_copy(serve, kind):
    server, key = serve(kind), uuid.uuid4()
    server.misbehave("cut", times=1)

    assert hand_over(key) == Unknown()
    assert isinstance(hand_over(key), str)
    assert server.copies() == {OURS: 1}


def test_resend_still_at_work_on_the_first_call_may_be_asked_again(serve):
    server, key = serve("resend"), uuid.uuid4()
    server.misbehave("slow", seconds=4, times=1)

    assert [hand_over(key), hand_over(key)] == [Unknown(), Unknown()]


def test_brevo_gets_the_key_in_its_documented_spelling(serve):
    server, key = serve("brevo"), uuid.uuid4()
    hand_over(key)

    assert server.requests[0].body["headers"]["idempotencyKey"] == str(key)


def test_key_changes_nothing_for_a_provider_without_keys(serve):
    server, key = serve("postmark"), uuid.uuid4()
    hand_over(key)

    assert str(key) not in str(server.requests[0].body)


def test_message_without_key_still_goes_through_resend(serve):
    server = serve("resend")

    assert Channel().hand_over(write()) == "esp-1"
    assert server.requests[0].key == ""


def test_resend_keeps_its_name(serve):
    serve("resend")

    assert Channel().name == "Resend"


@pytest.mark.parametrize("kind", ["resend", "brevo", "postmark"])
def test_provider_is_called_once_a_message(serve, kind):
    """No hidden second try, neither by anymail's session nor below it."""
    server = serve(kind)
    server.misbehave("drop")
    backend = get_connection()
    backend.open()

    assert backend.session.get_adapter(server.url).max_retries.total == 0
    with pytest.raises(Exception, match="Error posting"):
        backend.send_messages([write()])
    backend.close()
    assert server.calls == 1


def test_answer_is_known_to_have_come_though_it_was_not_understood(serve):
    server, email = serve("resend"), write()
    assert not has_answer(email)
    server.misbehave("garbage")

    with pytest.raises(Exception, match="Invalid JSON"):
        get_connection().send_messages([email])
    assert has_answer(email)


def test_accepted_message_is_in_doubt_when_its_answer_holds_what_is_no_address(serve):
    """Anymail then raises what it also raises before sending."""
    server, email = serve("postmark"), write()
    answer = {"ErrorCode": 0, "Message": "OK", "MessageID": "m", "To": "care@example.com, <"}
    server.misbehave(Answer(200, json.dumps(answer), taken=True))

    with pytest.raises(AnymailInvalidAddress) as raised:
        get_connection().send_messages([email])

    assert decide(raised.value, now=NOW) == Refused()
    assert decide(raised.value, now=NOW, answered=has_answer(email)) == Unknown()
