"""Over real SMTP: a message whose text had not begun to leave is known not to be sent."""

import smtplib

import pytest
from django.core.mail import EmailMessage

from aftercare.outbox.smtp import ConnectionLost, SmtpBackend


@pytest.fixture
def backend(mailbox):
    backend = SmtpBackend(host="127.0.0.1", port=mailbox.port, timeout=0.5)
    backend.open()
    yield backend
    backend.close()


def email(body="Hello"):
    return EmailMessage("Subject", body, "care@example.com", ["amara@example.com"])


@pytest.mark.parametrize(("stage", "answer"), [("mail", "drop"), ("rcpt", "drop"), ("mail", "hang")])
def test_line_broken_before_the_text_leaves_nothing_in_doubt(mailbox, backend, stage, answer):
    mailbox.misbehave(stage, answer)

    with pytest.raises(ConnectionLost) as lost:
        backend.send_messages([email()])

    assert not lost.value.payload_left
    assert mailbox.messages == []


@pytest.mark.parametrize("answer", ["drop", "hang"])
def test_line_broken_after_the_text_is_in_doubt(mailbox, backend, answer):
    mailbox.misbehave("data", answer)

    with pytest.raises(ConnectionLost) as lost:
        backend.send_messages([email()])

    assert lost.value.payload_left
    assert len(mailbox.messages) == 1


def test_line_broken_before_the_second_text_is_not_confused_with_the_first(mailbox, backend):
    backend.send_messages([email()])
    mailbox.misbehave("mail", "drop")

    with pytest.raises(ConnectionLost) as lost:
        backend.send_messages([email()])

    assert not lost.value.payload_left


def test_connection_the_server_closed_between_messages_leaves_nothing_in_doubt(mailbox, backend):
    backend.send_messages([email()])
    mailbox.misbehave("mail", "421 4.3.2 closing", times=1)
    with pytest.raises(smtplib.SMTPSenderRefused):
        backend.send_messages([email()])

    with pytest.raises(ConnectionLost) as lost:
        backend.send_messages([email()])

    assert not lost.value.payload_left


@pytest.mark.parametrize(
    ("stage", "error"),
    [
        ("mail", smtplib.SMTPSenderRefused),
        ("rcpt", smtplib.SMTPRecipientsRefused),
        ("data", smtplib.SMTPDataError),
    ],
)
def test_refusal_is_raised_as_the_server_said_it_and_the_next_message_passes(mailbox, backend, stage, error):
    mailbox.misbehave(stage, "550 5.7.1 no", times=1)

    with pytest.raises(error):
        backend.send_messages([email()])

    assert backend.send_messages([email()]) == 1
    assert len(mailbox.messages) == 1


def test_lines_beginning_with_a_dot_arrive_whole(mailbox, backend):
    backend.send_messages([email(".\n..hidden\nend.")])

    assert mailbox.messages[0].get_content().splitlines() == [".", "..hidden", "end."]
