"""Over real SMTP: a message whose text had not begun to leave is known not to be sent."""

import smtplib
import socket
import threading

import pytest
from django.core.mail import EmailMessage

from aftercare.outbox.channel import Channel
from aftercare.outbox.smtp import ConnectionLost, SmtpBackend


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def backend(mailbox, request):
    mailbox.pipelining = request.param
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


@pytest.mark.parametrize(("stage", "left"), [("mail", False), ("data", True)])
def test_reply_that_never_ends_is_cut_off(mailbox, settings, stage, left):
    settings.EMAIL_BACKEND = "aftercare.outbox.smtp.SmtpBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", mailbox.port, 0.1
    mailbox.misbehave(stage, "drip")
    channel = Channel()

    with pytest.raises(ConnectionLost) as lost:
        channel.hand_over(email())

    assert lost.value.payload_left is left
    assert len(mailbox.messages) == left


def test_line_broken_before_the_second_text_is_not_confused_with_the_first(mailbox, backend):
    backend.send_messages([email()])
    mailbox.misbehave("mail", "drop")

    with pytest.raises(ConnectionLost) as lost:
        backend.send_messages([email()])

    assert not lost.value.payload_left


def test_message_after_the_server_closed_the_line_goes_over_a_new_one(mailbox, backend):
    backend.send_messages([email()])
    mailbox.misbehave("mail", "421 4.3.2 closing", times=1)
    with pytest.raises(smtplib.SMTPSenderRefused):
        backend.send_messages([email()])

    assert backend.connection is None
    assert backend.send_messages([email()]) == 1
    assert len(mailbox.messages) == 2


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


def test_reply_that_cannot_be_read_before_the_text_leaves_nothing_in_doubt(mailbox, backend):
    mailbox.misbehave("rcpt", "garbage", times=1)

    with pytest.raises((ConnectionLost, smtplib.SMTPRecipientsRefused)) as lost:
        backend.send_messages([email()])

    assert not getattr(lost.value, "payload_left", False)
    assert mailbox.messages == []


def test_server_that_wants_a_text_for_a_refused_recipient_gets_none():
    """RFC 2920 lets a careless server answer 354 all the same; an empty mail must not come of it."""
    with ScriptedServer(b"550 5.1.1 nobody here\r\n354 go on\r\n") as server:
        backend = SmtpBackend(host="127.0.0.1", port=server.port, timeout=2)
        backend.open()
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            backend.send_messages([email()])

    assert backend.connection is None
    assert not server.heard.endswith(b".\r\n")


class ScriptedServer:
    """Greets, offers PIPELINING, takes the sender, and answers recipient and DATA as told."""

    def __init__(self, answers):
        self.answers, self.heard = answers, b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.thread.join(timeout=5)
        self.socket.close()

    def serve(self):
        line, _peer = self.socket.accept()
        line.settimeout(5)
        line.sendall(b"220 test\r\n")
        line.recv(1000)
        line.sendall(b"250-test\r\n250 PIPELINING\r\n")
        line.recv(10_000)
        line.sendall(b"250 ok\r\n" + self.answers)
        while more := line.recv(10_000):
            self.heard += more
        line.close()
