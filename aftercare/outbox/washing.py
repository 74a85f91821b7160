"""Text from outside, made fit for the database."""

from typing import Any


def storable(value: Any, longest: int) -> str:
    """At most so many characters, without what no database can hold: NUL and lone surrogates."""
    text = "" if value is None else str(value)
    return text.encode("utf-8", "replace").decode().replace("\x00", "").strip()[:longest]
