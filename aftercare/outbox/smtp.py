"""SMTP that knows how far a message got when the line broke (RFC 5321: only DATA's final reply decides)."""

import smtplib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.core.mail.backends import smtp

from aftercare.outbox.wire import Undotted, address, is_plain_address, wire_of

Reply = tuple[int, bytes]


class ConnectionLost(Exception):
    """The line broke while a message was handed over.

    ``payload_left``: whether its text was already on its way, so that the server may have taken it.
    """

    def __init__(self, reason: str, *, payload_left: bool) -> None:
        super().__init__(reason)
        self.payload_left = payload_left


class PhasedSMTP(smtplib.SMTP):
    """smtplib's connection, which also remembers whether the text of the current message began to leave.

    Where the server allows it, sender, recipient and DATA go in one piece (RFC 2920), which saves two
    journeys a message.
    """

    payload_left = False

    def sendmail(
        self, from_addr: str, to_addrs: Any, msg: Any, *args: Any, **kwargs: Any
    ) -> dict[str, Reply]:
        self.payload_left = False
        self.ehlo_or_helo_if_needed()
        if self.has_extn("pipelining") and len(to_addrs) == 1 and isinstance(msg, bytes) and not args:
            return self._send_in_one_piece(from_addr, to_addrs[0], msg)
        return super().sendmail(from_addr, to_addrs, msg, *args, **kwargs)

    def data(self, msg: Any) -> Reply:
        code, reply = self.docmd("data")
        if code != 354:
            raise smtplib.SMTPDataError(code, reply)
        return self._send_text(msg)

    def _send_in_one_piece(self, sender: str, recipient: str, msg: bytes) -> dict[str, Reply]:
        size = f" size={len(msg)}" if self.has_extn("size") else ""
        self.send(
            f"mail FROM:{_path(sender)}{size}\r\nrcpt TO:{_path(recipient)}\r\ndata\r\n".encode("ascii")
        )
        replies = self._replies(3)
        if refusal := _refusal(sender, recipient, replies):
            self._start_anew(replies)
            raise refusal
        code, reply = self._send_text(msg)
        if code != 250:
            self._start_anew([(code, reply)])
            raise smtplib.SMTPDataError(code, reply)
        return {}

    def _replies(self, count: int) -> list[Reply]:
        """The next replies, fewer when the server says that it closes the line (421).

        Raises SMTPServerDisconnected when one cannot be read: what follows could belong to anything.
        """
        replies: list[Reply] = []
        while len(replies) < count and not (replies and replies[-1][0] == 421):
            replies.append(self._readable_reply())
        return replies

    def _readable_reply(self) -> Reply:
        try:
            code, reply = self.getreply()
        except smtplib.SMTPResponseException as error:
            raise smtplib.SMTPServerDisconnected(f"An unreadable reply: {error}") from error
        if code < 0:
            self.close()
            raise smtplib.SMTPServerDisconnected("An unreadable reply")
        return code, reply

    def _send_text(self, msg: bytes) -> Reply:
        """Hands over the text and waits for the one reply that decides; the lines end in CRLF already."""
        self.payload_left = True
        self.send((msg if isinstance(msg, Undotted) else _stuffed(msg)) + b".\r\n")
        return self._readable_reply()

    def _start_anew(self, replies: Sequence[Reply]) -> None:
        """After a refusal. A server that waits for a text (354) all the same must never get one: hang up."""
        if any(code in (354, 421) for code, _reply in replies):
            self.close()
        else:
            self._rset()  # type: ignore[attr-defined]  # smtplib's, missing from the stubs


class PhasedSMTPOverTLS(PhasedSMTP, smtplib.SMTP_SSL):
    pass


class SmtpBackend(smtp.EmailBackend):
    """Django's SMTP backend, raising ConnectionLost where Django's leaves in doubt what the server has."""

    @property
    def connection_class(self) -> type[PhasedSMTP]:
        return PhasedSMTPOverTLS if self.use_ssl else PhasedSMTP

    def _send(self, email_message: Any) -> bool:
        connection: Any = self.connection
        recipients = [address(recipient) for recipient in email_message.recipients()]
        if not recipients:
            return False
        try:
            connection.sendmail(address(email_message.from_email), recipients, wire_of(email_message))
        except smtplib.SMTPServerDisconnected as error:
            raise ConnectionLost(str(error), payload_left=connection.payload_left) from error
        finally:
            if connection.sock is None:
                self.connection = None
        return True


def _stuffed(msg: bytes) -> bytes:
    """With another dot before each that begins a line (RFC 5321, 4.5.2); the lines end in CRLF."""
    dot = b"." if msg.startswith(b".") else b""
    return dot + msg.removesuffix(b"\r\n").replace(b"\n.", b"\n..") + b"\r\n"


def _path(address: str) -> str:
    """The address between angle brackets, without a name (RFC 5321, 4.1.2)."""
    return f"<{address}>" if is_plain_address(address) else _quoted(address)


@lru_cache(maxsize=1024)
def _quoted(address: str) -> str:
    return smtplib.quoteaddr(address)


def _refusal(sender: str, recipient: str, replies: Sequence[Reply]) -> smtplib.SMTPException | None:
    """The error that smtplib raises for the first reply that is not as hoped; None if all are."""
    for stage, (code, reply) in enumerate(replies):
        if stage == 0 and code != 250:
            return smtplib.SMTPSenderRefused(code, reply, sender)
        if stage == 1 and code not in (250, 251):
            return smtplib.SMTPRecipientsRefused({recipient: (code, reply)})
        if stage == 2 and code != 354:
            return smtplib.SMTPDataError(code, reply)
    return None
