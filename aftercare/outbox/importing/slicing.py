"""Much at a time, but not all at once: a database takes only so many ids in a question."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

CHUNK = 500
T = TypeVar("T")


def in_chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    listed = list(items)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
