"""Keeps what belongs to a person out of the log, whatever a library puts into its messages.

Our own events carry ids only. Exceptions of databases and libraries may quote values of a row, an address or
a patient's link; those words are replaced before the line is written.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

Redaction = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

REDACTIONS: tuple[Redaction, ...] = (
    # What PostgreSQL adds to an error, e.g. "DETAIL:  Key (email)=(…) already exists."
    (re.compile(r"\b(DETAIL|CONTEXT|HINT|QUERY|STATEMENT|LINE \d+):[^\n]*(\n[ \t]*\^)?"), r"\1: [redacted]"),
    (
        re.compile(r"(Failing row contains|Key) \(.*?\)(?=\.|$| already| is not| is still)", re.S),
        r"\1 [redacted]",
    ),
    # "invalid input syntax for type integer: "…"", and the like in other errors of values.
    (
        re.compile(r"((?:invalid input|invalid value|out of range|syntax for type)[^\n\"]*)\"[^\n]*"),
        r"\1[redacted]",
    ),
    # Patients' pages: their address is a secret. One letter, then a signed token.
    (re.compile(r"/([a-z]{1,12})/[\w-]{16,}[.:][\w.:-]{16,}"), r"/\1/[redacted]"),
    (re.compile(r"[^\s@<>\"'(),;:=\[\]]+@[\w-]+(?:\.[\w-]+)+"), "[address]"),
)


def redacted(text: str) -> str:
    for pattern, instead in REDACTIONS:
        text = pattern.sub(instead, text)
    return text


def redact(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor: redacts every text of the event, however deep."""
    return {name: _clean(value) for name, value in event.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, bool | int | float | None):
        return value
    if isinstance(value, UUID | datetime):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(each) for each in value]
    # What is not a text would be written by its repr, which for one of our rows names a person.
    return redacted(value) if isinstance(value, str) else f"<{type(value).__name__}>"
