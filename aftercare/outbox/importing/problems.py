"""What can be wrong with a file or one of its rows, with the cure."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _


class FileError(ValueError):
    """The file as a whole cannot be read; the text says what to do."""


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one row, where, and the cure. Lines count from 1, the header's included."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        where = _("line %(line)s, %(column)s") if self.column else _("line %(line)s")
        return f"{where % {'line': self.line, 'column': self.column}}: {self.text}"


@dataclass
class RawRow:
    """One row: its cells by column, without blanks around them; or problems, and then no cells."""

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
