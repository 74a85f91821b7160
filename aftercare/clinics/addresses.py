"""E-mail addresses and lines of text: checked when they are entered, without asking the network."""

import unicodedata

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from email_validator import EmailNotValidError, validate_email

UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's controls, invisible marks, lone surrogates, and separators of lines and paragraphs."""
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""What stands for bytes that were no letters."""


def validate_address(value: str) -> None:
    """Raises ValidationError, saying why, unless ``value`` can be written to (RFC 5321, RFC 6531)."""
    try:
        validate_email(value, check_deliverability=False, test_environment=False)
    except EmailNotValidError as error:
        raise ValidationError(
            _("%(value)s is not an address mail can be sent to: %(why)s"),
            code="address",
            params={"value": value, "why": error},
        ) from error


def comparable(address: str) -> str:
    """The form in which two addresses are compared: without regard to case, in any alphabet.

    A domain counts as the same in its own letters and as mail servers write it (IDNA, RFC 5891). Done here
    and not by the database, whose idea of lower case differs between PostgreSQL and SQLite.
    """
    mailbox, at, domain = address.strip().rpartition("@")
    return f"{mailbox.casefold()}{at}{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """A domain as mail servers write it (IDNA 2008, RFC 5891); one that has no such form in lower case.

    Not Python's own codec, which is of 2003 and makes ``strasse`` of ``straße``: another's domain.
    """
    lower = domain.lower()
    if lower.isascii():
        return lower
    try:
        return idna.encode(lower, uts46=True).decode("ascii")
    except idna.IDNAError:
        return lower


def validate_line(value: str) -> None:
    """Raises ValidationError unless ``value`` is one line that a mail's header or text can hold."""
    if any(unicodedata.category(letter) in UNPRINTABLE for letter in value):
        raise ValidationError(
            _("Write this in one line, without line breaks or hidden characters."), code="line"
        )
    if UNREADABLE in value:
        raise ValidationError(_("Some letters could not be read. Write it again."), code="letters")
