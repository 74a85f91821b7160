"""Keeping a cell of a CSV file a text: what a spreadsheet would take for a formula is marked, and read back.

The starts are those of OWASP, "CSV Injection", with its full-width ones. A plus sign before digits and blanks
alone, as telephone numbers are written, is left to stand: without a letter, an operator or a bracket nothing
in it can call, link or refer to anything, so the most a spreadsheet makes of it is that number; and every
other program would store the mark.
"""

import re

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MARK = "'"
_PHONE = re.compile(r"\+[0-9]+(?: [0-9]+)*", re.ASCII)


def looks_like_a_formula(cell: str) -> bool:
    return cell.startswith(STARTS) and not _PHONE.fullmatch(cell)


def defused(cell: str) -> str:
    return f"{MARK}{cell}" if looks_like_a_formula(cell) else cell


def undefused(cell: str) -> str:
    """The cell as it was before :func:`defused`; also of files in which telephone numbers were marked."""
    return cell[1:] if cell.startswith(MARK) and cell[1:].startswith(STARTS) else cell
