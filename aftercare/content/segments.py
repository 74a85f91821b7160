"""A text cut into plain words, ``{{ placeholders }}`` and ``{% conditions %}``, in one pass.

Nothing else reads a text before this has bounded it: the Liquid library's regular expressions take quadratic
time on unclosed braces, and its parser forgives conditions that do not match.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from django.utils.translation import gettext as _

from aftercare.content.problems import ContentError, Problem

MAX_CHARACTERS = 20_000
MAX_PARTS = 500
MAX_PART_CHARACTERS = 300

_OPENING = re.compile(r"\{\{|\{%")
_TAG = re.compile(r"(\w*)\s*(.*)", re.DOTALL)
_COMMENT_END = re.compile(r"\{%\s*endcomment\s*%\}")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Part(Enum):
    WORDS = auto()
    PLACEHOLDER = auto()
    TAG = auto()


@dataclass(frozen=True)
class Segment:
    """One part as written; for a placeholder or a tag, what stands between its braces."""

    part: Part
    source: str
    offset: int
    name: str = ""
    expression: str = ""


def printable(text: str) -> str:
    """The text with line ends as ``\\n`` and without characters that no mail can carry."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub("", text)


def problem_at(source: str, offset: int, message: str, hint: str = "") -> Problem:
    line_start = source.rfind("\n", 0, offset) + 1
    return Problem(source.count("\n", 0, offset) + 1, offset - line_start + 1, message, hint)


def split(source: str) -> list[Segment]:
    """The parts of a text in order; comments become the line ends they span. Raises ContentError."""
    if len(source) > MAX_CHARACTERS:
        message = _("The text is too long: %(length)s characters.") % {"length": len(source)}
        raise ContentError(Problem(1, 1, message, _("Keep it under %(limit)s.") % {"limit": MAX_CHARACTERS}))
    segments: list[Segment] = []
    offset = 0
    while found := _OPENING.search(source, offset):
        segments.append(Segment(Part.WORDS, source[offset : found.start()], offset))
        segment, offset = _read_part(source, found.start())
        segments.append(segment)
        if len(segments) > 2 * MAX_PARTS:
            raise ContentError(
                problem_at(source, offset, _("There are too many placeholders and conditions."))
            )
    segments.append(Segment(Part.WORDS, source[offset:], offset))
    return [segment for segment in segments if segment.source]


def _read_part(source: str, start: int) -> tuple[Segment, int]:
    """The part that opens at `start`, and the offset after it."""
    opening = source[start : start + 2]
    closing = "}}" if opening == "{{" else "%}"
    end = source.find(closing, start + 2, start + MAX_PART_CHARACTERS)
    inside = source[start + 2 : end]
    if end < 0 or "\n" in inside or _OPENING.search(inside):
        message = _("“%(opening)s” is never closed.") % {"opening": opening}
        hint = _("Close it with “%(closing)s” on the same line.") % {"closing": closing}
        raise ContentError(problem_at(source, start, message, hint))
    if inside[:1] == "-" or inside[-1:] == "-":
        message = _("A dash next to the braces is not needed.")
        raise ContentError(
            problem_at(source, start, message, _("Leave it out: blank lines are tidied for you."))
        )
    whole, after = source[start : end + 2], end + 2
    if opening == "{{":
        return Segment(Part.PLACEHOLDER, whole, start, expression=inside.strip()), after
    return _read_tag(source, whole, start, after)


def _read_tag(source: str, whole: str, start: int, after: int) -> tuple[Segment, int]:
    matched = _TAG.fullmatch(whole[2:-2].strip())
    name, expression = matched.groups() if matched else ("", "")
    if name != "comment":
        return Segment(Part.TAG, whole, start, name, expression), after
    end = _COMMENT_END.search(source, after)
    if end is None:
        message = _("This comment is never closed.")
        raise ContentError(problem_at(source, start, message, _("End it with {% endcomment %}.")))
    return Segment(Part.WORDS, "\n" * source.count("\n", start, end.end()), start), end.end()
