"""A compiled text with its conditions decided and a gap for each placeholder: filled without Liquid.

Of the messages that leave on a day most decide their conditions alike. Liquid decides them once for each way
they can fall, and prints a mark where a placeholder stands; filling the gaps is then a matter of joining
texts. What comes out is what Liquid would have printed, character for character.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self, TextIO

from liquid import BoundTemplate, RenderContext
from liquid.builtin import output
from liquid.builtin.expressions import Path, StringLiteral
from liquid.builtin.expressions.logical import EqExpression, NeExpression
from liquid.builtin.output import OutputNode
from liquid.expression import Expression
from liquid.stringify import to_liquid_string

from aftercare.content.conditions import Filled
from aftercare.content.expressions import expressions_of, nodes_of
from aftercare.content.liquid import MessageEnvironment, parse, parse_in
from aftercare.content.placeholders import value_at

MARK = "\x01"
"""Stands around a placeholder. No value and no text can hold it: neither keeps control characters."""
SOMETHING = "x"
"""Any text that is not empty, where only that counts."""

RawValues = Mapping[str, Mapping[str, str | bool]]


class _Gap(OutputNode):
    """Prints marks with its name between them instead of its value."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:  # noqa: ARG002 (the library's)
        return buffer.write(f"{MARK}{name_of(self.expression)}{MARK}")


class _GapTag(output.Output):
    node_class = _Gap


class _Skeletal(MessageEnvironment):
    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.add_tag(_GapTag)


GAPS = _Skeletal(autoescape=False)


@dataclass(frozen=True)
class Parts:
    """A text in one of the ways its conditions can fall: words, and a placeholder between any two of them."""

    words: tuple[str, ...]
    gaps: tuple[str, ...]
    different: frozenset[str]

    @classmethod
    def of(cls, skeleton: str) -> Self:
        pieces = skeleton.split(MARK)
        return cls(tuple(pieces[::2]), tuple(pieces[1::2]), frozenset(pieces[1::2]))

    def joined(self, said: Mapping[str, str]) -> str:
        pieces = [self.words[0]]
        for gap, words in zip(self.gaps, self.words[1:], strict=True):
            pieces += (said[gap], words)
        return "".join(pieces)


class Filler:
    """One compiled text, subject, HTML or plain. ``html``: values are escaped for where they stand.

    ``tidy`` mends what branches not taken and empty values leave behind. Where every value is a plain run of
    words it does so once for the skeleton: it may look at blanks, lines and empty elements only.
    """

    def __init__(self, source: str, *, html: bool, tidy: Callable[[str], str]) -> None:
        self.template = parse(source, html=html)
        self._html, self._tidy = html, tidy
        self._skeleton = parse_in(GAPS, source)
        self._filled, self._compared = _asked(self.template)
        self._printed = dict(_printed(self.template))
        self._decided = lru_cache(maxsize=64)(self._decide)

    def fill(self, values: RawValues) -> str:
        """The text with these values, which are plain texts and flags. Raises LiquidError as Liquid would."""
        tidy, untidy = self._decided(self._answers(values))
        context = RenderContext(self.template, globals=values)
        said = {gap: self._say(self._printed[gap], values, context) for gap in untidy.different}
        if all(map(is_run_of_words, said.values())):
            return tidy.joined(said)
        return self._tidy(untidy.joined(said))

    def _say(self, printed: str | Expression, values: RawValues, context: RenderContext) -> str:
        value: Any = value_at(values, printed) if isinstance(printed, str) else printed.evaluate(context)
        return str.__str__(to_liquid_string(value, self._html))

    def _answers(self, values: RawValues) -> tuple[str | bool | None, ...]:
        """All that the conditions can see of the values."""
        filled = (value_at(values, path) not in ("", False) for path in self._filled)
        return (*filled, *(value_at(values, path) for path in self._compared))

    def _decide(self, answers: tuple[str | bool | None, ...]) -> tuple[Parts, Parts]:
        """The text as these answers make it, tidied and as it is."""
        seen: dict[str, dict[str, Any]] = {}
        for path, filled in zip(self._filled, answers, strict=False):
            room, _dot, name = path.partition(".")
            seen.setdefault(room, {})[name] = SOMETHING if filled else ""
        for path, value in zip(self._compared, answers[len(self._filled) :], strict=True):
            room, _dot, name = path.partition(".")
            seen.setdefault(room, {})[name] = value
        skeleton = self._skeleton.render(seen)
        return Parts.of(self._tidy(skeleton)), Parts.of(skeleton)


def name_of(expression: Any) -> str:
    """A name for what stands between braces, without blanks, the same wherever it stands."""
    return hashlib.sha256(str(expression).encode()).hexdigest()[:16]


@lru_cache(maxsize=4096)
def is_run_of_words(value: str) -> bool:
    """Whether nothing in it, nor it beside other words, could need to be tidied."""
    return bool(value.strip("-")) and value == " ".join(value.split())


def _printed(template: BoundTemplate) -> Iterator[tuple[str, str | Expression]]:
    """What stands between braces: its name, and the path or the filtered expression itself."""
    for node in nodes_of(template):
        if isinstance(node, OutputNode):
            expression: Any = node.expression
            path = getattr(expression, "left", None)
            plain = isinstance(path, Path) and not expression.filters
            yield name_of(expression), str(path) if plain else expression


def _asked(template: BoundTemplate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paths of which conditions ask only whether they say anything, and those that they compare."""
    filled: set[str] = set()
    compared: set[str] = set()
    for node in nodes_of(template):
        if not isinstance(node, OutputNode):
            for expression in expressions_of(node):
                _sort(expression, filled, compared)
    return tuple(sorted(filled - compared)), tuple(sorted(compared))


def _sort(expression: Expression, filled: set[str], compared: set[str]) -> None:
    if isinstance(expression, Path):
        compared.add(str(expression))
    elif isinstance(expression, Filled):
        filled.add(str(expression.path))
    elif isinstance(expression, EqExpression | NeExpression) and _is_nothing(expression.right):
        filled.add(str(expression.left))
    else:
        for child in expression.children():
            _sort(child, filled, compared)


def _is_nothing(expression: Expression) -> bool:
    return isinstance(expression, StringLiteral) and expression.value == ""
