"""What two texts differ in, line by line, and within a changed line word by word. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from typing import Literal

Kind = Literal["same", "removed", "added", "left out"]
_WORDS = re.compile(r"\s+|\w+|.")


@dataclass(frozen=True)
class Piece:
    """A run of words of a line, and whether it is what differs in it."""

    words: str
    changed: bool = False


@dataclass(frozen=True)
class Row:
    """One line that both texts have, or that only the first (removed) or the second (added) has.

    A row of the kind "left out" stands for ``lines`` that both have and that are not shown.
    """

    kind: Kind
    pieces: tuple[Piece, ...] = ()
    lines: int = 1

    @property
    def sign(self) -> str:
        return {"same": " ", "removed": "−", "added": "+", "left out": "⋯"}[self.kind]


def compare(old: str, new: str) -> list[Row]:
    """Every line of both texts in order; a line that was changed is there twice, removed and added."""
    before, after = old.split("\n"), new.split("\n")
    rows: list[Row] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            rows += (Row("same", (Piece(line),)) for line in before[a:b])
        else:
            rows += _changed(before[a:b], after[c:d])
    return rows


def differ(rows: Sequence[Row]) -> bool:
    return any(row.kind != "same" for row in rows)


def excerpt(rows: Sequence[Row], *, around: int = 2) -> list[Row]:
    """What was changed, with so many lines before and after it; a row says how many others were left out."""
    changed = [at for at, row in enumerate(rows) if row.kind != "same"]
    near = {line for at in changed for line in range(at - around, at + around + 1)}
    kept: list[Row] = []
    for far, group in groupby(enumerate(rows), key=lambda each: each[0] not in near):
        found = [row for _at, row in group]
        kept += [Row("left out", lines=len(found))] if far and len(found) > 1 else found
    return kept


def _changed(before: list[str], after: list[str]) -> Iterator[Row]:
    """Lines that took each other's place stand together."""
    for old, new in zip_longest(before, after):
        if old is None or new is None:
            yield Row("added" if old is None else "removed", (Piece(new if old is None else old),))
            continue
        gone, come = _words(old, new)
        yield Row("removed", gone)
        yield Row("added", come)


def _words(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    gone, come = [], []
    for tag, a, b, c, d in SequenceMatcher(None, before, after).get_opcodes():
        gone.append(Piece("".join(before[a:b]), tag != "equal"))
        come.append(Piece("".join(after[c:d]), tag != "equal"))
    return tuple(filter(_says, gone)), tuple(filter(_says, come))


def _says(piece: Piece) -> bool:
    return bool(piece.words)
