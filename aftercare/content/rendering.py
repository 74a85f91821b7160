"""A compiled text filled with one message's values. Only compiled text is parsed, once per digest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _
from liquid.exceptions import LiquidError

from aftercare.content.compiling import Compiled
from aftercare.content.expressions import paths_in
from aftercare.content.filters import plain
from aftercare.content.problems import ContentError, Problem
from aftercare.content.segments import printable
from aftercare.content.skeletons import Filler, Place, by_place, place_of

_GAPS = re.compile(r"(?<=\S)[ \t]{2,}")
_LINE_ENDS = re.compile(r"[ \t]+\n")
_BLANK_LINES = re.compile(r"\n{3,}")
_EMPTY = re.compile(r"<(p|li)\b[^<>]*>\s*</\1>")
_SIGNATURE = "\n--\n"

RawValues = Mapping[str, Mapping[str, str | bool]]


@dataclass(frozen=True)
class Rendered:
    """One message as it leaves: `subject` is a single line."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class _Prepared:
    subject: Filler
    html: Filler
    text: Filler
    paths: tuple[str, ...]
    places: tuple[Place, ...]


@lru_cache(maxsize=128)
def _prepared(compiled: Compiled) -> _Prepared:
    subject = Filler(compiled.subject, html=False, tidy=_one_line)
    html = Filler(compiled.html, html=True, tidy=_without_empty)
    text = Filler(compiled.text, html=False, tidy=_tidy)
    paths = paths_in(subject.template) | paths_in(html.template) | paths_in(text.template)
    in_order = tuple(sorted(paths))
    return _Prepared(subject, html, text, in_order, tuple(map(place_of, in_order)))


def paths_of(compiled: Compiled) -> tuple[str, ...]:
    """The placeholders a message needs values for, sorted."""
    return _prepared(compiled).paths


def render(compiled: Compiled, values: RawValues) -> Rendered:
    """The message, the same to the byte for the same arguments. Raises ContentError on a missing value."""
    try:
        prepared = _prepared(compiled)
        given = by_place(values)
        if missing := [place for place in prepared.places if given.get(place) is None]:
            raise ContentError(*(_missing(".".join(place)) for place in missing))
        said = {
            place: value if isinstance(value, bool) else _printable(value) for place, value in given.items()
        }
        texts = (each.fill_with(said) for each in (prepared.subject, prepared.html, prepared.text))
        return Rendered(*texts)
    except LiquidError as error:
        raise ContentError(Problem(1, 1, _("The message cannot be filled."), str(error.message))) from error


def _missing(path: str) -> Problem:
    message = _("There is no value for “%(path)s”.") % {"path": path}
    return Problem(1, 1, message, _("Give it, or an empty text if there is nothing to say."))


@lru_cache(maxsize=4096)
def _printable(value: str) -> str:
    """Most values are the same in many messages: days, names of clinics, phone numbers."""
    return printable(plain(value))


def _one_line(subject: str) -> str:
    return " ".join(subject.split())


def _without_empty(html: str) -> str:
    return _EMPTY.sub("", html)


def _tidy(text: str) -> str:
    """Branches not taken leave spaces and blank lines; the signature's “-- ” (RFC 3676) keeps its space."""
    text = _LINE_ENDS.sub("\n", _GAPS.sub(" ", text))
    return _BLANK_LINES.sub("\n\n", text).strip().replace(_SIGNATURE, "\n-- \n") + "\n"
