"""A mail as it goes over the line: RFC 5322 and MIME bytes, written directly.

Python's email package folds headers and writes bodies line by line: a millisecond a mail, more than all
else that sending one costs. Ours are always of one shape, so that little is left to do; what is not plain
ASCII in a header is still left to that package. Bodies are quoted-printable, which every relay passes on as
it is, and in which the boundary cannot occur (RFC 2045, 6.7 and its hint on ``=_``).
"""

import re
from email.header import Header
from email.message import Message
from functools import cached_property, lru_cache
from typing import Any

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.message import sanitize_address

from aftercare.clinics.addresses import ascii_domain
from aftercare.outbox.quoting import quoted_printable

LONGEST_LINE = 78  # RFC 5322, 2.1.1
ADDRESSING = ("From", "To", "Reply-To")
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")
_TYPES = {"text/plain": b'text/plain; charset="utf-8"', "text/html": b'text/html; charset="utf-8"'}


class Undotted(bytes):
    """Lines that end in CRLF, the last one too, and of which none begins with a dot."""


class Mail(EmailMultiAlternatives):
    """Plain text, with or without HTML as its alternative; for SMTP and files it is written by ``wire``."""

    def message(self, **options: Any) -> Any:
        """As Django has it, save that a long subject is folded between its encoded words."""
        mail = super().message(**options)
        if not str(self.subject).isascii():
            del mail["Subject"]
            Message.__setitem__(mail, "Subject", Header(str(self.subject), "utf-8", header_name="Subject"))
        return mail

    boundary = "aftercare"
    """Letters and digits; the bytes are the same for the same mail and boundary."""

    @cached_property
    def wire(self) -> Undotted:
        """The whole mail as it was when first asked for, its lines ending in CRLF.

        Raises ValueError for a header with a line break or an address that no mail can carry.
        """
        lines = [header(name, value) for name, value in self._headers()]
        lines += [b"MIME-Version: 1.0", *self._content(), b""]
        return Undotted(b"\r\n".join(lines))

    def _content(self) -> list[bytes]:
        alternatives: Any = self.alternatives  # pairs of a text and its type
        if not alternatives:
            *before, text = _part(str(self.body), "text/plain")
            return [*before, text.removesuffix(b"\r\n")]
        edge = b"=_" + self.boundary.encode("ascii")
        lines = [b'Content-Type: multipart/alternative; boundary="' + edge + b'"', b""]
        for text, mimetype in [(self.body, "text/plain"), *alternatives]:
            lines += [b"--" + edge, *_part(text, mimetype)]
        return [*lines, b"--" + edge + b"--"]

    def _headers(self) -> list[tuple[str, str]]:
        named = [("From", self.from_email), ("To", ", ".join(self.to)), ("Subject", str(self.subject))]
        named += [("Reply-To", ", ".join(self.reply_to))] if self.reply_to else []
        return [*named, *((name, str(value)) for name, value in self.extra_headers.items())]


def _part(text: str, mimetype: str) -> list[bytes]:
    kind = b"Content-Type: " + _TYPES[mimetype]
    return [kind, b"Content-Transfer-Encoding: quoted-printable", b"", quoted_printable(text)]


def wire_of(email: EmailMessage) -> bytes:
    """The bytes of any mail: ours by the short way, others by Django's."""
    if isinstance(email, Mail):
        return email.wire
    mime: Any = email.message()  # Django's own kind, whose as_bytes takes the line ending
    return mime.as_bytes(linesep="\r\n")


def header(name: str, value: str) -> bytes:
    """One header, folded where it is long. Raises ValueError for a line break in it."""
    if "\n" in value or "\r" in value:
        raise ValueError(f"{name} has a line break in it.")
    if name in ADDRESSING:
        value = address(value)
    elif not value.isascii() or (len(name) + 2 + len(value) > LONGEST_LINE and " " in value):
        charset = "us-ascii" if value.isascii() else "utf-8"
        value = Header(value, charset, header_name=name, maxlinelen=LONGEST_LINE).encode(linesep="\r\n")
    return f"{name}: {value}".encode("ascii")


def address(value: str) -> str:
    """An address as a header has it: a name in encoded words, a domain in ASCII. Raises ValueError."""
    return value if is_plain_address(value) else _sanitized(value)


def is_plain_address(value: str) -> bool:
    """Whether it is an address alone, in characters that stand for themselves wherever an address may be."""
    return _PLAIN_ADDRESS.fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _sanitized(value: str) -> str:
    before, at, domain = value.rpartition("@")
    domain, bracket, after = domain.partition(">")
    # Django would write the domain by the IDNA of 2003, which takes some to another's.
    known = domain if domain.isascii() else ascii_domain(domain)
    return sanitize_address(f"{before}{at}{known}{bracket}{after}", "utf-8").replace("\n", "\r\n")
