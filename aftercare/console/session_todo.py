"""What is left to do in a session's form, each thing with the place on the page where it is done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PARTS = {"areas", "screening", "waits", "skipped_steps"}
"""Parts of the page whose id is the name that their problems have."""


@dataclass(frozen=True)
class Todo:
    """What to do, and the id of the field, or part of the page, that a link to it leads to."""

    text: str
    place: str


def todos(problems: Mapping[str, Iterable[Any]]) -> list[Todo]:
    """Of what keeps a session from being completed, by field."""
    return [Todo(str(text), _place(name)) for name, texts in problems.items() for text in texts]


def _place(name: str) -> str:
    return name if name in PARTS else f"id_{name}"
