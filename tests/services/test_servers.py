"""The test servers themselves: what they promise to the tests that lean on them."""

import smtplib
from email.message import EmailMessage

import pytest
from django.db import connection

pytestmark = pytest.mark.services


def send(mailbox, to="patient@example.com"):
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = "clinic@example.com", to, "<1@example.com>"
    message.set_content("Hello\n.\nDots survive\n")
    with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=2) as server:
        server.send_message(message)


def test_database_of_a_services_test_is_postgresql(db):
    assert connection.vendor == "postgresql"


def test_mailbox_keeps_what_it_took(mailbox):
    send(mailbox)
    [message] = mailbox.to("patient@example.com")
    assert message.get_content().replace("\r\n", "\n") == "Hello\n.\nDots survive\n"
    assert mailbox.copies() == {"<1@example.com>": 1}


def test_mailbox_refuses_as_often_as_asked(mailbox):
    mailbox.misbehave("data", "451 4.3.0 come back later", times=1)
    with pytest.raises(smtplib.SMTPDataError, match="451"):
        send(mailbox)
    send(mailbox)
    assert len(mailbox.messages) == 1


def test_mailbox_refuses_one_recipient_only(mailbox):
    mailbox.misbehave("rcpt", "550 5.1.1 nobody here", recipient="gone@example.com")
    send(mailbox)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(mailbox, to="gone@example.com")


def test_mailbox_that_drops_after_the_text_has_taken_the_message(mailbox):
    mailbox.misbehave("data", "drop")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(mailbox)
    assert len(mailbox.messages) == 1


def test_mailbox_that_hangs_after_the_text_has_taken_the_message(mailbox):
    mailbox.misbehave("data", "hang")
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        send(mailbox)
    assert len(mailbox.messages) == 1


def test_redis_comes_back_empty(redis):
    redis.client().set("left", "over")
    redis.restart()
    assert redis.client().dbsize() == 0
