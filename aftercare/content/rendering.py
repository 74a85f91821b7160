"""A compiled text filled with one message's values. Only compiled text is parsed, once per digest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _
from liquid import BoundTemplate
from liquid.exceptions import LiquidError

from aftercare.content.compiling import Compiled
from aftercare.content.expressions import paths_in
from aftercare.content.filters import plain
from aftercare.content.liquid import parse
from aftercare.content.placeholders import value_at
from aftercare.content.problems import ContentError, Problem
from aftercare.content.segments import printable

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
    subject: BoundTemplate
    html: BoundTemplate
    text: BoundTemplate
    paths: tuple[str, ...]


@lru_cache(maxsize=128)
def _prepared(compiled: Compiled) -> _Prepared:
    subject = parse(compiled.subject, html=False)
    html = parse(compiled.html, html=True)
    text = parse(compiled.text, html=False)
    paths = paths_in(subject) | paths_in(html) | paths_in(text)
    return _Prepared(subject, html, text, tuple(sorted(paths)))


def paths_of(compiled: Compiled) -> tuple[str, ...]:
    """The placeholders a message needs values for, sorted."""
    return _prepared(compiled).paths


def render(compiled: Compiled, values: RawValues) -> Rendered:
    """The message, the same to the byte for the same arguments. Raises ContentError on a missing value."""
    try:
        prepared = _prepared(compiled)
        if missing := [path for path in prepared.paths if value_at(values, path) is None]:
            raise ContentError(*(_missing(path) for path in missing))
        filled = {
            room: {name: _value(value) for name, value in named.items()} for room, named in values.items()
        }
        return Rendered(
            " ".join(prepared.subject.render(filled).split()),
            _EMPTY.sub("", prepared.html.render(filled)),
            _tidy(prepared.text.render(filled)),
        )
    except LiquidError as error:
        raise ContentError(Problem(1, 1, _("The message cannot be filled."), str(error.message))) from error


def _missing(path: str) -> Problem:
    message = _("There is no value for “%(path)s”.") % {"path": path}
    return Problem(1, 1, message, _("Give it, or an empty text if there is nothing to say."))


def _value(value: str | bool) -> str | bool:
    return value if isinstance(value, bool) else _printable(plain(value))


@lru_cache(maxsize=4096)
def _printable(value: str) -> str:
    """Most values are the same in many messages: days, names of clinics, phone numbers."""
    return printable(value)


def _tidy(text: str) -> str:
    """Branches not taken leave spaces and blank lines; the signature's “-- ” (RFC 3676) keeps its space."""
    text = _LINE_ENDS.sub("\n", _GAPS.sub(" ", text))
    return _BLANK_LINES.sub("\n\n", text).strip().replace(_SIGNATURE, "\n-- \n") + "\n"
