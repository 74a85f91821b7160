"""The copy that our own engine sends, for the peers: its texts, with Django's placeholders for its values."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from aftercare.outbox.composing import reproduce
from aftercare.outbox.models import Attempt

SHORTEST = 4
"""Shorter values, such as 999, also occur by chance."""
FIXED = ("clinic.name",)
"""In the engine's form, too, the layout has it as fixed words."""
SHARED_HEADERS = (
    "Content-Language",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)


@dataclass(frozen=True)
class Size:
    """Bytes of text and HTML together and on the wire; placeholders of the engine's and the peers' form."""

    text: int
    whole: int
    placeholders: int
    peers_placeholders: int


def write_copy(attempt: Attempt, folder: Path) -> Size:
    """Writes ``copy.json`` (templates, values), ``copy.eml`` (ready for the wire) and ``frozen.json`` (what
    is kept of it)."""
    copy, values = reproduce(attempt), dict(attempt.values)
    plain, escaped = dict(_paths(values)), {escape(value): path for value, path in _paths(values)}
    letter: dict[str, Any] = {
        "subject": _with_placeholders(copy.subject, plain),
        "text": _with_placeholders(copy.text, plain),
        "html": _with_placeholders(copy.html, escaped),
        "sender": copy.headers["From"],
        "headers": {name: copy.headers[name] for name in SHARED_HEADERS if name in copy.headers},
        "values": values,
    }
    mime: Any = copy.as_email().message()  # Django's own kind, whose as_bytes takes the line ending
    whole = mime.as_bytes(linesep="\r\n")
    (folder / "copy.json").write_text(json.dumps(letter))
    (folder / "copy.eml").write_bytes(whole)
    frozen = {"compiled_id": attempt.compiled_id, "values": attempt.values, "headers": attempt.headers}
    (folder / "frozen.json").write_text(json.dumps(frozen))
    parts = (attempt.compiled.subject, attempt.compiled.text, attempt.compiled.html)
    return Size(
        text=len(copy.text.encode()) + len(copy.html.encode()),
        whole=len(whole),
        placeholders=sum(part.count("{{") for part in parts),
        peers_placeholders=sum(letter[part].count("{{") for part in ("subject", "text", "html")),
    )


def _paths(values: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each value that is long enough, with its path."""
    for room, named in values.items():
        for name, value in named.items():
            path = f"{room}.{name}"
            if isinstance(value, str) and len(value) >= SHORTEST and path not in FIXED:
                yield value, path


def _with_placeholders(text: str, paths: Mapping[str, str]) -> str:
    """The text as a template: every value replaced by its placeholder, the longest first."""
    longest_first = sorted(paths, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return pattern.sub(lambda found: f"{{{{ {paths[found[0]]} }}}}", text)
