"""What is wrong with the texts of the levels, before a clinician approves them.

Rules that are in force are never refused for it: an answer must be weighed whatever its text says.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from aftercare.checkins.levels import Level
from aftercare.checkins.rulebook import CALLED, LANGUAGES, PLACES, languages_in

FILLED = frozenset({"{time}", "{phone}", "{out_of_hours}", "{emergency_number}"})
"""What the patient's page puts in."""
BRACED = re.compile(r"\{[^{}]*\}|[{}]")


class TextProblem(NamedTuple):
    """Where a text is wrong, and what to put right."""

    level: Level
    language: str
    place: str
    text: str


def text_problems(texts: Mapping[str, Any]) -> Iterator[TextProblem]:
    """Of every level, in every language that must be and that any level is written in, on duty and closed."""
    languages = sorted(languages_in(texts).union(LANGUAGES))
    for level in Level:
        for language in languages:
            for place in sorted(PLACES, reverse=True):
                said = str(texts.get(level, {}).get(language, {}).get(place, ""))
                for problem in _problems(said, level, place):
                    yield TextProblem(level, language, place, problem)


def _problems(said: str, level: Level, place: str) -> Iterator[str]:
    if not said.strip():
        yield _("Write what the patient reads: there is no text.")
        return
    for braced in dict.fromkeys(BRACED.findall(said)):
        if braced not in FILLED:
            yield (
                _("“%s” is not filled in. Use {time}, {phone}, {out_of_hours} or {emergency_number}.")
                % braced
            )
    if "{time}" in said and place == "closed":
        yield _("Nobody is on duty then, so that no time can be promised: take {time} out.")
    elif "{time}" in said and level not in CALLED:
        yield _("Nobody calls at this level, so that no time can be promised: take {time} out.")
    if level is Level.E and "{emergency_number}" not in said:
        yield _("In an emergency the patient must read {emergency_number}: write it in.")
