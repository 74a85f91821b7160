"""How a benchmark says what it found: a JSON line for a program, a table and goals for a person."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A number with the bound it should keep; one of the two is set."""

    what: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool:
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    def __str__(self) -> str:
        bound = f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"
        return f"{'met' if self.met else 'MISSED'}: {self.value:.3g} {self.what} (goal: {bound})"


def emit(kind: str, **facts: Any) -> None:
    """One line of JSON; numbers to four digits after the point."""
    rounded = {name: round(fact, 4) if isinstance(fact, float) else fact for name, fact in facts.items()}
    print(json.dumps({"kind": kind, **rounded}), flush=True)


def cuts(seconds: Sequence[float]) -> dict[str, float]:
    """Within how long half, 95 of 100 and 99 of 100 are done, and the slowest."""
    parts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50": parts[49], "p95": parts[94], "p99": parts[98], "slowest": max(seconds)}


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """The rows as a Markdown table, headed by the first row's keys."""
    headings = list(rows[0])
    lines = [headings, ["---"] * len(headings), *([str(row[name]) for name in headings] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def judge(goals: Sequence[Goal], *, enforced: bool) -> int:
    """Prints the goals; 1 if one is missed and they are enforced, else 0."""
    print()
    for goal in goals:
        emit("goal", what=goal.what, value=goal.value, met=goal.met)
        print(goal)
    return int(enforced and not all(goal.met for goal in goals))
