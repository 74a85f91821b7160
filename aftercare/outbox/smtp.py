"""SMTP that knows how far a message got when the line broke (RFC 5321: only DATA's final reply decides)."""

import re
import smtplib
from typing import Any

from django.core.mail.backends import smtp

_LEADING_DOT = re.compile(rb"(?m)^\.")


class ConnectionLost(Exception):
    """The line broke while a message was handed over.

    ``payload_left``: whether its text was already on its way, so that the server may have taken it.
    """

    def __init__(self, reason: str, *, payload_left: bool) -> None:
        super().__init__(reason)
        self.payload_left = payload_left


class PhasedSMTP(smtplib.SMTP):
    """smtplib's connection, which also remembers whether the text of the current message began to leave."""

    payload_left = False

    def sendmail(self, *args: Any, **kwargs: Any) -> dict[str, tuple[int, bytes]]:
        self.payload_left = False
        return super().sendmail(*args, **kwargs)

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, reply = self.docmd("data")
        if code != 354:
            raise smtplib.SMTPDataError(code, reply)
        self.payload_left = True
        # Dot-stuffing, RFC 5321 section 4.5.2; Django hands the lines over ending in CRLF.
        self.send(_LEADING_DOT.sub(b"..", msg).removesuffix(b"\r\n") + b"\r\n.\r\n")
        try:
            return self.getreply()
        except smtplib.SMTPResponseException as error:
            raise smtplib.SMTPServerDisconnected(f"An unreadable reply: {error}") from error


class PhasedSMTPOverTLS(PhasedSMTP, smtplib.SMTP_SSL):
    pass


class SmtpBackend(smtp.EmailBackend):
    """Django's SMTP backend, raising ConnectionLost where Django's leaves in doubt what the server has."""

    @property
    def connection_class(self) -> type[PhasedSMTP]:
        return PhasedSMTPOverTLS if self.use_ssl else PhasedSMTP

    def _send(self, email_message: Any) -> bool:
        try:
            return super()._send(email_message)  # type: ignore[misc]  # Django's, missing from the stubs
        except smtplib.SMTPServerDisconnected as error:
            left = isinstance(self.connection, PhasedSMTP) and self.connection.payload_left
            raise ConnectionLost(str(error), payload_left=left) from error
