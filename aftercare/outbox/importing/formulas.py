"""Keeping a cell a text: what a spreadsheet would take for a formula is marked as one, and read back.

The starts are those of OWASP, "CSV Injection".
"""

STARTS = ("=", "+", "-", "@", "\t", "\r")
MARK = "'"


def defused(cell: str) -> str:
    return f"{MARK}{cell}" if cell.startswith(STARTS) else cell


def undefused(cell: str) -> str:
    """The cell as it was before :func:`defused`."""
    return cell[1:] if cell.startswith(MARK) and cell[1:].startswith(STARTS) else cell
