"""Days, times and lists as a patient reads them, by locale (``en-GB``, ``en-US``, ``es-ES``, ``ar``…).

What was written once is remembered: many patients are treated on a day, and each message says many days.
"""

import re
from collections.abc import Sequence
from datetime import date, time
from functools import lru_cache

from babel.dates import format_date, format_time
from babel.lists import format_list

from aftercare.content.wording import direction, language_of
from aftercare.timing import FromWhen
from aftercare.treatments.models import Site

_DAY = {"en-GB": "EEEE d MMMM", "en-US": "EEEE, MMMM d", "es": "EEEE, d 'de' MMMM", "ar": "EEEE d MMMM"}
_LEFT_TO_RIGHT = "\u200e"
_FROM_THE_RIGHT = re.compile(r"[\u0590-\u08ff]")
_SPANISH_DAY_AFTER_ARTICLE = "EEEE d 'de' MMMM"
_TWELVE_HOURS = {"en-US": ("am", "pm"), "es-MX": ("a. m.", "p. m.")}
_AREAS: dict[str, dict[str, str]] = {
    "en": {
        Site.FACE: "face",
        Site.FOREHEAD: "forehead",
        Site.CHEEKS: "cheeks",
        Site.AROUND_MOUTH: "around the mouth",
        Site.NECK: "neck",
        Site.SCALP: "scalp",
        Site.CHEST: "chest",
        Site.HANDS: "hands",
        Site.ABDOMEN: "abdomen",
        Site.ARMS: "arms",
        Site.LEGS: "legs",
        Site.BACK: "back",
    },
    "es": {
        Site.FACE: "cara",
        Site.FOREHEAD: "frente",
        Site.CHEEKS: "mejillas",
        Site.AROUND_MOUTH: "contorno de la boca",
        Site.NECK: "cuello",
        Site.SCALP: "cuero cabelludo",
        Site.CHEST: "pecho",
        Site.HANDS: "manos",
        Site.ABDOMEN: "abdomen",
        Site.ARMS: "brazos",
        Site.LEGS: "piernas",
        Site.BACK: "espalda",
    },
    "ar": {
        Site.FACE: "الوجه",
        Site.FOREHEAD: "الجبهة",
        Site.CHEEKS: "الخدان",
        Site.AROUND_MOUTH: "حول الفم",
        Site.NECK: "الرقبة",
        Site.SCALP: "فروة الرأس",
        Site.CHEST: "الصدر",
        Site.HANDS: "اليدان",
        Site.ABDOMEN: "البطن",
        Site.ARMS: "الذراعان",
        Site.LEGS: "الساقان",
        Site.BACK: "الظهر",
    },
}


def area_name(site: str, locale: str) -> str:
    return _AREAS[language_of(locale)][site]


@lru_cache(maxsize=4096)
def day(on: date, locale: str) -> str:
    """“Saturday 28 March”, “Saturday, March 28”, “sábado, 28 de marzo”. No year: it is always near."""
    pattern = _DAY.get(locale) or _DAY[language_of(locale)]
    return format_date(on, pattern, locale=_babel(locale))


@lru_cache(maxsize=4096)
def clock(at: time, locale: str) -> str:
    """“15:30”, or where twelve hours are usual, “3:30 pm” and “3:30 p. m.”."""
    if locale not in _TWELVE_HOURS:
        return format_time(at, "short", locale=_babel(locale))
    return f"{at.hour % 12 or 12}:{at:%M} {_TWELVE_HOURS[locale][at.hour >= 12]}"


@lru_cache(maxsize=4096)
def from_when(when: FromWhen, locale: str) -> str:
    """What reads on after “from” or “not before”, and in Spanish, with its article, after “desde”.

    Midnight is left out, because the day begins with it and few know which night “12 am” belongs to.
    """
    at = None if when.at == time() else when.at
    if language_of(locale) == "en":
        on = day(when.on, locale)
        return f"{_english_time(at, locale)} on {on}" if at else on
    if language_of(locale) == "ar":
        return (
            f"الساعة {clock(at, locale)} من يوم {day(when.on, locale)}"
            if at
            else f"يوم {day(when.on, locale)}"
        )
    on = format_date(when.on, _SPANISH_DAY_AFTER_ARTICLE, locale=_babel(locale))
    return f"{_spanish_time(at, locale)} del {on}" if at else f"el {on}"


def number(written: str, locale: str) -> str:
    """A phone number, whose groups must not change places between words that are read from the right.

    A left-to-right mark before it (Unicode Annex 9, rule W7) holds them where no markup can.
    """
    if direction(locale) == "ltr" or _FROM_THE_RIGHT.search(written):
        return written
    return f"{_LEFT_TO_RIGHT}{written}{_LEFT_TO_RIGHT}"


def listed(words: Sequence[str], locale: str) -> str:
    """“face, neck and hands”, “cara, cuello y manos”; “” for nothing."""
    return _listed(tuple(words), locale)


@lru_cache(maxsize=4096)
def _listed(words: tuple[str, ...], locale: str) -> str:
    if language_of(locale) == "es" and len(words) > 1 and _sounds_like_i(words[-1]):
        return f"{', '.join(words[:-1])} e {words[-1]}"
    return format_list(list(words), locale=_babel(locale))


def _english_time(at: time, locale: str) -> str:
    if locale in _TWELVE_HOURS and (at.hour, at.minute) == (12, 0):
        return "noon"
    return clock(at, locale)


def _spanish_time(at: time, locale: str) -> str:
    if locale in _TWELVE_HOURS and (at.hour, at.minute) == (12, 0):
        return "el mediodía"
    shown = clock(at, locale)
    return f"la {shown}" if shown.startswith("1:") else f"las {shown}"


def _sounds_like_i(word: str) -> bool:
    """Whether Spanish writes “e” for “y” before it: i, hi, but not hia, hie, hio (hielo)."""
    start = word.lower().lstrip("«“\"'")
    return start.startswith(("i", "í", "hi", "hí")) and not start.startswith(
        ("hia", "hie", "hio", "ia", "ie", "io")
    )


def _babel(locale: str) -> str:
    return locale.replace("-", "_")
