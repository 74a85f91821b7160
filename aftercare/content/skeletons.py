"""A compiled text with its conditions decided and a gap for each placeholder: filled without Liquid.

Of the messages that leave on a day most decide their conditions alike. Liquid decides them once for each way
they can fall, and prints a mark where a placeholder stands; filling the gaps is then a matter of joining
texts. What comes out is what Liquid would have printed, character for character.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any, Self, TextIO

from liquid import BoundTemplate, RenderContext
from liquid.builtin import output
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.expressions.logical import EqExpression, NeExpression
from liquid.builtin.output import OutputNode
from liquid.expression import Expression
from liquid.stringify import to_liquid_string

from aftercare.content.conditions import Filled
from aftercare.content.expressions import expressions_of, nodes_of
from aftercare.content.filters import FILTERS
from aftercare.content.liquid import MessageEnvironment, parse, parse_in

MARK = "\x01"
"""Stands around a placeholder. No value and no text can hold it: neither keeps control characters."""
SOMETHING = "x"
"""Any text that is not empty, where only that counts."""

RawValues = Mapping[str, Mapping[str, str | bool]]
Place = tuple[str, str]
"""A placeholder by its room and name."""
Said = Mapping[Place, str | bool]
_Evaluated = Callable[..., tuple[str, bool]]


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


@dataclass(frozen=True, eq=False)
class Parts:
    """A text in one of the ways its conditions can fall: words, and a placeholder between any two of them.

    Told from others by being itself, so that what was made of it once can be looked up quickly.
    """

    pieces: tuple[str, ...]
    gaps: tuple[str, ...]
    different: frozenset[str]

    @classmethod
    def of(cls, skeleton: str) -> Self:
        pieces = tuple(skeleton.split(MARK))
        return cls(pieces, pieces[1::2], frozenset(pieces[1::2]))

    @cached_property
    def encoded(self) -> tuple[bytes, ...]:
        """The pieces in UTF-8."""
        return tuple(piece.encode() for piece in self.pieces)

    def joined(self, said: Mapping[str, str]) -> str:
        pieces = list(self.pieces)
        pieces[1::2] = [said[gap] for gap in self.gaps]
        return "".join(pieces)

    def filled(self, said: Mapping[str, str]) -> "FilledText":
        """As joined; each ``said`` is a plain run of words."""
        text = FilledText(self.joined(said))
        text.parts, text.said = self, said
        return text


class FilledText(str):
    """A text that knows what it was put together from: whoever encodes it has most of it ready."""

    parts: Parts
    said: Mapping[str, str]

    def utf8(self) -> bytes:
        """As ``encode`` makes it, of words that are encoded once."""
        pieces = list(self.parts.encoded)
        said = {gap: self.said[gap].encode() for gap in self.parts.different}
        pieces[1::2] = [said[gap] for gap in self.parts.gaps]
        return b"".join(pieces)


@dataclass(frozen=True)
class _Printed:
    """What stands between braces: the paths it reads, and how it says them, unless it is one path alone.

    ``filters``: those it takes its one path through, where that is all.
    """

    paths: tuple[Place, ...]
    expression: Expression | None
    filters: tuple[Callable[..., str], ...] = ()


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
        self._decided = lru_cache(maxsize=256)(self._decide)
        self._ways = {gap: self._way(printed) for gap, printed in _printed(self.template)}

    def fill(self, values: RawValues) -> str:
        """The text with these values, which are plain texts and flags. Raises LiquidError as Liquid would."""
        return self.fill_with(by_place(values))

    def fill_with(self, values: Said) -> str:
        """As :meth:`fill`, for several texts that are filled with the same values."""
        answers = self._answers(values)
        tidy, untidy = self._decided(answers)
        said, odd = {}, []
        for gap in untidy.different:
            paths, evaluated = self._ways[gap]
            if evaluated is None:
                said[gap], is_run = _shown(values.get(paths[0]), self._html)
            else:
                said[gap], is_run = evaluated(*map(values.get, paths))
            if not is_run:
                odd.append(gap)
        if not odd:
            return tidy.filled(said)
        if not any(said[gap] for gap in odd):
            return self._decided(answers, frozenset(odd))[0].filled(said)
        return self._tidy(untidy.joined(said))

    def _way(self, printed: _Printed) -> tuple[tuple[Place, ...], _Evaluated | None]:
        """What a gap reads, and what makes of that what stands in it, unless it is shown as it is."""
        if printed.expression is None:
            return printed.paths, None
        evaluate = self._filtered if printed.filters else self._evaluate
        return printed.paths, lru_cache(maxsize=1024)(partial(evaluate, printed))

    def _filtered(self, printed: _Printed, value: Any) -> tuple[str, bool]:
        for each in printed.filters:
            value = each(value)
        return _shown(value, self._html)

    def _evaluate(self, printed: _Printed, *given: str | bool | None) -> tuple[str, bool]:
        context = RenderContext(self.template, globals=_nested(printed.paths, given))
        return _shown(printed.expression.evaluate(context) if printed.expression else None, self._html)

    def _answers(self, values: Said) -> tuple[str | bool | None, ...]:
        """All that the conditions can see of the values."""
        filled = [values.get(path) not in ("", False) for path in self._filled]
        return (*filled, *map(values.get, self._compared))

    def _decide(
        self, answers: tuple[str | bool | None, ...], empty: frozenset[str] = frozenset()
    ) -> tuple[Parts, Parts]:
        """The text as these answers make it, with nothing in the ``empty`` gaps, tidied and as it is."""
        filled, compared = answers[: len(self._filled)], answers[len(self._filled) :]
        some = [SOMETHING if each else "" for each in filled]
        skeleton = self._skeleton.render(_nested((*self._filled, *self._compared), (*some, *compared)))
        for gap in empty:
            skeleton = skeleton.replace(f"{MARK}{gap}{MARK}", "")
        return Parts.of(self._tidy(skeleton)), Parts.of(skeleton)


def by_place(values: RawValues) -> Said:
    return {(room, name): value for room, named in values.items() for name, value in named.items()}


def _nested(paths: Sequence[Place], values: Sequence[str | bool | None]) -> dict[str, dict[str, Any]]:
    nested: dict[str, dict[str, Any]] = {}
    for (room, name), value in zip(paths, values, strict=True):
        nested.setdefault(room, {})[name] = value
    return nested


@lru_cache(maxsize=8192, typed=True)  # a text that is marked as safe equals one that is not
def _shown(value: Any, html: bool) -> tuple[str, bool]:
    """The value as Liquid prints it, and whether it is a plain run of words."""
    text = str.__str__(to_liquid_string(value, html))
    return text, is_run_of_words(text)


def name_of(expression: Any) -> str:
    """A name for what stands between braces, without blanks, the same wherever it stands."""
    return hashlib.sha256(str(expression).encode()).hexdigest()[:16]


def is_run_of_words(value: str) -> bool:
    """Whether nothing in it, nor it beside other words, could need to be tidied."""
    return bool(value.strip("-")) and value == " ".join(value.split())


def _printed(template: BoundTemplate) -> Iterator[tuple[str, _Printed]]:
    """What stands between braces, by its name."""
    for node in nodes_of(template):
        if isinstance(node, OutputNode):
            expression: Any = node.expression
            path = getattr(expression, "left", None)
            if isinstance(path, Path) and not expression.filters:
                yield name_of(expression), _Printed((place_of(path),), None)
            else:
                paths = tuple(map(place_of, _paths_of(expression)))
                yield name_of(expression), _Printed(paths, expression, _filters_of(expression))


def _filters_of(expression: Expression) -> tuple[Callable[..., str], ...]:
    """The filters that a path goes through one after the other; none where there is more to it."""
    if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
        return ()
    filters = expression.filters or []
    if any(each.args or each.name not in FILTERS for each in filters):
        return ()
    return tuple(FILTERS[each.name] for each in filters)


def _paths_of(expression: Expression) -> Iterator[Path]:
    if isinstance(expression, Path):
        yield expression
    for child in expression.children():
        yield from _paths_of(child)


def place_of(path: object) -> Place:
    """Of a dotted path."""
    room, _dot, name = str(path).partition(".")
    return room, name


def _asked(template: BoundTemplate) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """The paths of which conditions ask only whether they say anything, and those that they compare."""
    filled: set[str] = set()
    compared: set[str] = set()
    for node in nodes_of(template):
        if not isinstance(node, OutputNode):
            for expression in expressions_of(node):
                _sort(expression, filled, compared)
    return tuple(map(place_of, sorted(filled - compared))), tuple(map(place_of, sorted(compared)))


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
