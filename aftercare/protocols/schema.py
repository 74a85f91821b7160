"""A JSON document held to the protocol's schema: every mistake with its place and what to write instead.

Only the part of JSON Schema (draft 2020-12) that our schema uses is understood; a keyword that is not
raises, so that the schema cannot promise what nobody checks.
"""

import json
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from aftercare.content.suggestions import did_you_mean

FILE = Path(__file__).parent / "schema" / "protocol-1.json"
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
_SILENT = {"$schema", "$defs", "title", "description", "then", "else"}


@dataclass(frozen=True)
class Mistake:
    """What is wrong where; ``place`` is like ``steps[2].latest_day``, empty for the whole document."""

    place: str
    message: str


@cache
def protocol_schema() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


def mistakes(document: Any) -> list[Mistake]:
    """Everything in which a document differs from the protocol's schema."""
    return list(_against(document, protocol_schema(), ""))


def _against(value: Any, schema: dict[str, Any], place: str) -> Iterator[Mistake]:
    if "$ref" in schema:
        yield from _against(value, protocol_schema()["$defs"][schema["$ref"].rpartition("/")[2]], place)
        return
    if wrong := list(_type(value, schema.get("type"), place)):
        yield from wrong
        return
    for keyword, wanted in schema.items():
        if keyword not in _SILENT and keyword != "type":
            yield from _KEYWORDS[keyword](value, wanted, schema, place)


def _type(value: Any, wanted: Any, place: str) -> Iterator[Mistake]:
    names = [wanted] if isinstance(wanted, str) else wanted or []
    if names and not any(_is(value, name) for name in names):
        yield Mistake(place, _("This must be of the kind %(kinds)s.") % {"kinds": ", ".join(names)})


def _is(value: Any, name: str) -> bool:
    """JSON knows no number that is a truth value."""
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _const(value: Any, wanted: Any, _schema: Any, place: str) -> Iterator[Mistake]:
    if value != wanted or isinstance(value, bool) != isinstance(wanted, bool):
        yield Mistake(place, _("This must be “%(wanted)s”.") % {"wanted": wanted})


def _enum(value: Any, wanted: Any, _schema: Any, place: str) -> Iterator[Mistake]:
    if value not in wanted:
        hint = did_you_mean(str(value), wanted)
        message = _("This must be one of: %(choices)s.") % {"choices": ", ".join(wanted)}
        yield Mistake(place, f"{message} {hint}".strip())


def _required(value: Any, wanted: Any, _schema: Any, place: str) -> Iterator[Mistake]:
    for name in wanted:
        if isinstance(value, dict) and name not in value:
            yield Mistake(_under(place, name), _("This is missing."))


def _properties(value: Any, wanted: Any, _schema: Any, place: str) -> Iterator[Mistake]:
    for name, schema in wanted.items():
        if isinstance(value, dict) and name in value:
            yield from _against(value[name], schema, _under(place, name))


def _no_others(value: Any, _wanted: Any, schema: Any, place: str) -> Iterator[Mistake]:
    known = schema.get("properties", {})
    for name in value:
        if name not in known:
            hint = did_you_mean(str(name), known)
            yield Mistake(
                _under(place, str(name)[:60]), f"{_('Nothing is known by this name.')} {hint}".strip()
            )


def _items(value: Any, wanted: Any, _schema: Any, place: str) -> Iterator[Mistake]:
    for index, item in enumerate(value):
        yield from _against(item, wanted, f"{place}[{index}]")


def _if(value: Any, wanted: Any, schema: Any, place: str) -> Iterator[Mistake]:
    branch = "else" if list(_against(value, wanted, place)) else "then"
    yield from _against(value, schema.get(branch, {}), place)


def _pattern(value: Any, wanted: Any, _schema: Any, place: str) -> Iterator[Mistake]:
    if not re.search(wanted, value) or value.endswith("\n"):
        yield Mistake(place, _("This is not written as it must be: %(pattern)s") % {"pattern": wanted})


def _bound(fits: Callable[[Any, Any], bool], message: str) -> Callable[..., Iterator[Mistake]]:
    def check(value: Any, wanted: Any, _schema: Any, place: str) -> Iterator[Mistake]:
        if value is not None and not fits(value, wanted):
            yield Mistake(place, _(message) % {"limit": wanted})

    return check


def _as_long(value: Any, limit: int) -> bool:
    return len(value) >= limit


def _no_longer(value: Any, limit: int) -> bool:
    return len(value) <= limit


def _under(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


_KEYWORDS: dict[str, Callable[..., Iterator[Mistake]]] = {
    "const": _const,
    "enum": _enum,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _no_others,
    "items": _items,
    "if": _if,
    "pattern": _pattern,
    "minimum": _bound(operator.ge, N_("This must be at least %(limit)s.")),
    "maximum": _bound(operator.le, N_("This must be at most %(limit)s.")),
    "minLength": _bound(_as_long, N_("This must not be empty.")),
    "maxLength": _bound(_no_longer, N_("This is longer than %(limit)s characters.")),
    "minItems": _bound(_as_long, N_("This needs at least %(limit)s entry.")),
    "maxItems": _bound(_no_longer, N_("This may have at most %(limit)s entries.")),
}
