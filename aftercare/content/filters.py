"""Filters: the few that clinic staff may use, and those the compiler puts into links.

Each takes and gives plain ``str``, so that nothing a filter touches can pass for HTML that is already safe.
"""

import re
from collections.abc import Callable
from urllib.parse import quote

from liquid.exceptions import FilterArgumentError

_NOT_DIALLED = re.compile(r"[^0-9+*,]")
_NUMBER = re.compile(r"\+?[\d\s().-]{3,}")
_WEB = re.compile(r"https?://", re.IGNORECASE)


def plain(value: object) -> str:
    """The characters of a text alone: marks of safety that subclasses of ``str`` carry are dropped."""
    return str.__str__(value) if isinstance(value, str) else str(value).lower()


def default(value: object, instead: object = "") -> str:
    return plain(value) or plain(instead)


def upcase(value: object) -> str:
    return plain(value).upper()


def downcase(value: object) -> str:
    return plain(value).lower()


def capitalize(value: object) -> str:
    """The first letter upper case and the rest as it is, so that names of months keep theirs."""
    text = plain(value)
    return text[:1].upper() + text[1:]


def strip(value: object) -> str:
    return plain(value).strip()


def dialled(value: object) -> str:
    """A phone number as a ``tel:`` link wants it (RFC 3966); the “(0)” of “+44 (0)20” is not dialled."""
    text = plain(value)
    if text.lstrip().startswith("+"):
        text = text.replace("(0)", "")
    return _NOT_DIALLED.sub("", text)


def is_number(contact: str) -> bool:
    """Whether it can be dialled as it stands: a clinic may also have written where to go, or when."""
    return _NUMBER.fullmatch(contact.strip()) is not None


def mailbox(value: object) -> str:
    return quote(plain(value), safe="@")


def url_part(value: object) -> str:
    return quote(plain(value), safe="")


def web_address(value: object) -> str:
    """A whole address that we made ourselves. Raises FilterArgumentError unless it is http or https."""
    text = plain(value)
    if not _WEB.match(text):
        raise FilterArgumentError("not a web address", token=None)
    return text


CLINIC_FILTERS: dict[str, Callable[..., str]] = {
    "default": default,
    "upcase": upcase,
    "downcase": downcase,
    "capitalize": capitalize,
    "strip": strip,
}
LINK_FILTERS: dict[str, Callable[..., str]] = {
    "dialled": dialled,
    "mailbox": mailbox,
    "url_part": url_part,
    "web_address": web_address,
}
FILTERS = CLINIC_FILTERS | LINK_FILTERS
