"""Lot and expiry out of what a scanner reads from a package: a GS1 element string, as of a UDI, or a link.

Sources: GS1 General Specifications, section 3 (Application Identifiers: 10 is the batch or lot, up to 20
characters; 17 the expiration date YYMMDD, whose day 00 means the last of the month), section 7.8 (element
strings of predefined length need no separator, others end at FNC1, which scanners transmit as GS, ASCII 29),
section 7.9.1 (check digit), section 7.12 (century of a date), and figure 7.11-1 (the 82 characters that data
may hold). Links: GS1 Digital Link Standard, URI Syntax, section 4 (a GTIN and what qualifies it as pairs of
segments of the path, other identifiers in the query). HIBCC and ICCBBA strings are not read.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from urllib.parse import parse_qsl, unquote, urlsplit

FIXED = {
    "00": 20,
    "01": 16,
    "02": 16,
    "03": 16,
    "04": 18,
    "20": 4,
    "41": 16,
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19"), 8),
    **dict.fromkeys(("31", "32", "33", "34", "35", "36"), 10),
}
"""Characters of an element string with its identifier, by the identifier's first two digits."""
LONGEST_LOT = 20
_SYMBOLOGY = re.compile(r"^\](?:C1|d2|Q3|e0|J1)")
_SEPARATORS = re.compile(r"[^!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+")
"""Whatever a scanner puts for FNC1: GS itself, or a stand-in that no data may hold."""
_FOLLOWS = re.compile(r".(?:1[0-9]\d{6}|2[0-2]|24[0-3]|25[0-4]|3[07]|71\d|8008|9[0-9])")
"""An identifier of what may stand behind a lot, after at least one character of it."""
LONGEST_BEYOND_DOUBT = 10
"""A lot so short is believed without a separator: most are, and what a serial number adds makes it longer."""
_LINK = re.compile(r"https?://", re.IGNORECASE)
_PRINTED = re.compile(r"\((\d{2,4})\)([^(]*)")


@dataclass(frozen=True)
class Scanned:
    """``unsure``: the scanner has left out separators, so that where the lot ends cannot be known."""

    lot: str = ""
    expires_on: date | None = None
    unsure: bool = False


def read(text: str, *, today: date) -> Scanned | None:
    """What the string says; None if it is no GS1 code, as when somebody typed a lot.

    An address of the web is never a lot: one that is no GS1 link says nothing.
    """
    text = text.strip()
    if _LINK.match(text):
        return _scanned(_linked(text), today)
    if text.startswith("("):
        found = {identifier: value.strip() for identifier, value in _PRINTED.findall(text)}
        return _scanned(found, today) if found else None
    string = _SYMBOLOGY.sub("", text)
    if string == text and not _starts_with_item(text):
        return None
    scanned = _scanned(dict(_elements(string)), today)
    marked = len(_SEPARATORS.split(string.rstrip("\r\n"))) > 1
    doubtful = len(scanned.lot) > LONGEST_BEYOND_DOUBT and _FOLLOWS.search(scanned.lot)
    return replace(scanned, unsure=True) if doubtful and not marked else scanned


def _linked(address: str) -> dict[str, str]:
    """The identifiers in a GS1 link, from its item on; none if no item with a right check digit is in it."""
    try:
        parts = urlsplit(address)
    except ValueError:  # as for a bracket that is not closed
        return {}
    segments = [unquote(segment) for segment in parts.path.split("/")]
    items = [at for at, pair in enumerate(pairwise(segments)) if _is_item(*pair)]
    if not items:
        return {}
    path = segments[items[0] :]
    return dict(parse_qsl(parts.query)) | dict(zip(path[::2], path[1::2], strict=False))


def _is_item(identifier: str, number: str) -> bool:
    return identifier == "01" and len(number) in (8, 12, 13, 14) and _starts_with_item(f"01{number:0>14}")


def _scanned(found: dict[str, str], today: date) -> Scanned:
    lot, expires_on = found.get("10", ""), _expiry(found.get("17", ""), today)
    swallowed = expires_on is None and _expiry(lot[-6:], today) and lot[-8:-6] == "17"
    return Scanned(lot, expires_on, unsure=bool(swallowed) or len(lot) > LONGEST_LOT)


def _elements(string: str) -> Iterator[tuple[str, str]]:
    """Pairs of an identifier's first two digits and what follows them."""
    for part in _SEPARATORS.split(string):
        rest = part
        while rest:
            length = FIXED.get(rest[:2], len(rest))
            yield rest[:2], rest[2:length]
            rest = rest[length:]


def _starts_with_item(text: str) -> bool:
    """Whether it starts with identifier 01 and a GTIN whose check digit is right."""
    number = text[2:16]
    if not text.startswith("01") or len(number) != 14 or not (number.isascii() and number.isdecimal()):
        return False
    return sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(number)) % 10 == 0


def _expiry(digits: str, today: date) -> date | None:
    if len(digits) != 6 or not (digits.isascii() and digits.isdecimal()):
        return None
    year, month, day = _year(int(digits[:2]), today), int(digits[2:4]), int(digits[4:])
    try:
        return date(year, month, day or calendar.monthrange(year, month)[1])
    except ValueError:  # calendar.IllegalMonthError is one
        return None


def _year(two_digits: int, today: date) -> int:
    """Of the years that end in these digits, that between 49 years ago and 50 years on."""
    apart = two_digits - today.year % 100
    century = today.year - today.year % 100
    if apart >= 51:
        return century - 100 + two_digits
    return century + 100 + two_digits if apart <= -50 else century + two_digits
