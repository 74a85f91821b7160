"""The way to the mail service: what is asked of a provider, and what its answer is taken for."""

import uuid
from typing import Any

import pytest
from anymail.exceptions import AnymailRecipientsRefused
from anymail.message import AnymailRecipientStatus
from django.core import mail

from aftercare.outbox.channel import Channel, NobodyKnows
from aftercare.outbox.models import Attempt
from aftercare.outbox.wire import Mail

KEY = str(uuid.uuid4())
ATTEMPT = Attempt(message_id=uuid.UUID(KEY), idempotency_key=uuid.UUID(int=7))


@pytest.fixture
def email():
    headers = {"Message-ID": f"<{KEY}@example.com>", "Date": "Sat, 28 Mar 2026 16:00:00 +0000"}
    return Mail("s", "b", "care@example.com", ["a@example.com"], headers=headers)


@pytest.fixture
def anymail(settings):
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    mail.outbox = []
    return Channel()


def send(channel: Channel, email: Mail) -> str:
    channel.prepare(email, ATTEMPT)
    return channel.hand_over(email)


def asked_of_the_provider() -> dict[str, Any]:
    sent: Any = mail.outbox[0]
    return sent.anymail_test_params


def test_provider_gets_our_id_and_is_asked_not_to_track(anymail, email):
    send(anymail, email)

    asked = asked_of_the_provider()
    assert asked["metadata"] == {"message_id": KEY}
    assert (asked["track_opens"], asked["track_clicks"]) == (False, False)


def test_provider_writes_the_date_itself_and_keeps_our_message_id(anymail, email):
    send(anymail, email)

    assert set(asked_of_the_provider()["extra_headers"]) == {"Message-ID"}


def test_provider_that_cannot_do_without_tracking_still_delivers(anymail, email, monkeypatch):
    def unsupported(self, value):
        self.unsupported_feature("track_opens")

    monkeypatch.setattr("anymail.backends.test.TestPayload.set_track_opens", unsupported)

    send(anymail, email)

    assert len(mail.outbox) == 1


def test_providers_own_id_is_returned(anymail, email):
    recipients = {"a@example.com": AnymailRecipientStatus(message_id="esp-7", status="queued")}
    email.anymail_test_response = {"recipient_status": recipients}

    assert send(anymail, email) == "esp-7"


def test_providers_id_that_no_database_can_hold_is_kept_without_what_cannot_be(anymail, email):
    recipients = {"a@example.com": AnymailRecipientStatus(message_id="esp\x00-7", status="queued")}
    email.anymail_test_response = {"recipient_status": recipients}

    assert send(anymail, email) == "esp-7"


@pytest.mark.parametrize("status", ["rejected", "invalid", "failed"])
def test_recipient_that_the_provider_will_not_serve_is_refused(anymail, email, status):
    recipients = {"a@example.com": AnymailRecipientStatus(message_id="esp-7", status=status)}
    email.anymail_test_response = {"recipient_status": recipients}

    with pytest.raises(AnymailRecipientsRefused):
        send(anymail, email)


def test_backend_that_took_none_has_refused(email, provider, monkeypatch):
    monkeypatch.setattr(provider, "send_messages", lambda self, emails: 0)

    with pytest.raises(AnymailRecipientsRefused):
        send(Channel(), email)


def test_backend_that_does_not_say_leaves_it_unknown(email, provider, monkeypatch):
    monkeypatch.setattr(provider, "send_messages", lambda self, emails: None)

    with pytest.raises(NobodyKnows):
        send(Channel(), email)


@pytest.mark.parametrize(
    ("backend", "name"),
    [
        ("aftercare.outbox.smtp.SmtpBackend", "SMTP mail.example.com:2525"),
        ("aftercare.outbox.backends.EmlBackend", "EmlBackend"),
        ("anymail.backends.test.EmailBackend", "Test"),
    ],
)
def test_mail_service_is_named_for_people(settings, backend, name):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = backend, "mail.example.com", 2525

    assert Channel().name == name
