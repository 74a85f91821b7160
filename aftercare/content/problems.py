"""What is wrong with a text, said so that whoever wrote it can mend it."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Problem:
    """One thing to mend: where (lines and columns count from 1), what, and how."""

    line: int
    column: int
    message: str
    hint: str = ""
    field: str = "body"

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def within(self, field: str) -> "Problem":
        return replace(self, field=field)


class ContentError(Exception):
    """A text cannot be compiled or filled; `problems` says why, never empty."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(
            "; ".join(f"{problem.field} {problem.line}:{problem.column} {problem}" for problem in problems)
        )
        self.problems = problems
