"""What of a check-in came when: each part as it was sent, so that no answer is lost to a later one.

A part is ``{"at": …, "answers": {…}, "note": …}``: its time (UTC), and of the answers and the note what was
new or other than before.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from aftercare.checkins.models import CheckIn

Part = dict[str, Any]


class Said(NamedTuple):
    """One answer, or one note, and when it came."""

    at: datetime
    words: str


def part_of(given: Mapping[str, str], note: str | None, *, before: CheckIn, now: datetime) -> Part | None:
    """What this sending changes in the check-in as it was; None if it repeats what is there."""
    answers = {code: answer for code, answer in given.items() if before.answers.get(code) != answer}
    said: Part = {"answers": answers} if answers else {}
    if note is not None and note != before.note:
        said["note"] = note
    return {"at": now.isoformat(), **said} if said else None


def answers_to(code: str, check_in: CheckIn) -> list[Said]:
    """Every answer to that question, the first first; more than one where the patient changed it."""
    return [_said(part, part["answers"][code]) for part in check_in.parts if code in part.get("answers", {})]


def notes_of(check_in: CheckIn) -> list[Said]:
    """Every note that was written in it, the first first; the last may be empty."""
    return [_said(part, part["note"]) for part in check_in.parts if "note" in part]


def _said(part: Part, words: str) -> Said:
    return Said(datetime.fromisoformat(part["at"]), words)
