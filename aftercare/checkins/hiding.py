"""Which numbers stay hidden: those of few people, and those that would give these away by subtraction."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

FEWEST = 5
"""Patients. Fewer than these stay hidden, in every number."""


class Key(NamedTuple):
    """Which number: of which group (None: of all), of what, and at which level on which days."""

    group: str | None
    what: str
    level: str = ""
    days: int = -1


@dataclass(slots=True)
class Cell:
    """A number, and the patients behind it."""

    count: int = 0
    patients: set[int] = field(default_factory=set)

    def add(self, patients: Sequence[int]) -> None:
        """One for each of them; the same patient may come more than once."""
        self.count += len(patients)
        self.patients.update(patients)

    @property
    def is_small(self) -> bool:
        return len(self.patients) < FEWEST


class Sum(NamedTuple):
    """That a number is what its parts make together."""

    total: Key
    parts: Sequence[Key]


Cells = Mapping[Key, Cell]
Sources = dict[Key, frozenset[Key]]
"""By number, those shown from which it can be known; itself, if it is shown."""


def hidden(cells: Cells, sums: Sequence[Sum]) -> set[Key]:
    """Those behind which fewer than FEWEST stand, and as few more as keep each of these from following.

    A number follows from a sum in which all others are known, shown or following in turn; nothing may follow
    either of several that are few together. That a number is nought may be found out: it is about nobody.
    What is hidden of the whole (of no group) depends on no group: it is the same whatever it is split by.
    """
    known = {key: Cell() for one in sums for key in (one.total, *one.parts)} | dict(cells)
    found = {key for key, cell in known.items() if cell.is_small}
    _protect(known, [one for one in sums if _is_whole(one)], found, may=_is_any)
    _protect(known, sums, found, may=lambda key: key.group is not None)
    return found


def _is_any(_key: Key) -> bool:
    return True


def _is_whole(one: Sum) -> bool:
    return all(key.group is None for key in (one.total, *one.parts))


def _protect(cells: Cells, sums: Sequence[Sum], found: set[Key], *, may: Callable[[Key], bool]) -> None:
    """Hides more until nothing small follows: each time the smallest of the numbers that give it away."""
    before = -1
    while len(found) > before:
        before, more = len(found), set[Key]()
        for sources in _leaks(cells, sums, found):
            if more.isdisjoint(sources):
                shown = [key for key in sources if may(key) and cells[key].count]
                more.update(sorted(shown, key=lambda key: (cells[key].count, str(key)))[:1])
        found |= more


def _leaks(cells: Cells, sums: Sequence[Sum], found: Collection[Key]) -> Iterator[frozenset[Key]]:
    """For each small number that follows, or few who do together, what they follow from."""
    known = _known(cells, sums, found)
    for key in found:
        if key in known and cells[key].count and cells[key].is_small:
            yield known[key]
    for total, parts in sums:
        unknown = [key for key in parts if key not in known]
        if total in known and 0 < len(_patients(unknown, cells)) < FEWEST:
            yield frozenset(key for key in parts if key not in found) or _sources((total, *parts), known)


def _known(cells: Cells, sums: Sequence[Sum], found: Collection[Key]) -> Sources:
    known: Sources = {key: frozenset([key]) for key in cells if key not in found}
    before = -1
    while len(known) > before:
        before = len(known)
        for total, parts in sums:
            unknown = [key for key in (total, *parts) if key not in known]
            if len(unknown) == 1 or (total in known and not _patients(unknown, cells)):
                known.update(dict.fromkeys(unknown, _sources((total, *parts), known)))
    return known


def _patients(keys: Iterable[Key], cells: Cells) -> set[int]:
    return set().union(*(cells[key].patients for key in keys))


def _sources(keys: Iterable[Key], known: Sources) -> frozenset[Key]:
    return frozenset().union(*(known[key] for key in keys if key in known))
