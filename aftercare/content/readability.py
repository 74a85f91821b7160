"""How hard a message is to read: sentences, words and syllables, and what they come to. Pure.

English: the Flesch-Kincaid grade (Kincaid et al. 1975). Spanish: the Fernández Huerta score (1959), 0 to 100,
easier when higher. Syllables are estimated from the spelling, so that a figure is a guide to a tenth or two.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

MEASURED = frozenset({"en", "es"})
"""Of other languages only words and minutes are counted."""
EASY_GRADE = 7.0
"""Patients' texts are best at a school grade of 5 to 6 (Am Fam Physician 2015;92:118); one above is borne."""
EASY_SCORE = 70.0
"""Fernández Huerta: 70 and more is a sixth grade's level."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)|\n+")
_SILENT_END = re.compile(r"(?:[^laeiouy]es|[^dt]ed|[^laeiouy]e|le(?=s$))$")
_ENGLISH_GROUP = re.compile(r"[aeiouy]+")
_TWO_IN_ONE = re.compile(r"i(?:a|o(?!u|n)|u)|eo|ua(?!r)|[aeo]i?ing\b|ie(?:t|nt)")
_SPANISH_GROUP = re.compile(r"[íú]|[iuüy]*[aeoáéó][iuy]?|[iuy]+")


@dataclass(frozen=True)
class Reading:
    """A text in numbers. ``level`` is a school grade in English, a score of 0 to 100 in Spanish."""

    words: int
    sentences: int
    level: float
    language: str

    @property
    def easy(self) -> bool:
        return self.level >= EASY_SCORE if self.language == "es" else self.level <= EASY_GRADE

    @property
    def minutes(self) -> int:
        """At 200 words a minute, as patients read on a phone; at least one."""
        return max(1, round(self.words / 200))


def reading_of(text: str, *, language: str) -> Reading | None:
    """What a plain text comes to; None without a word. The end of a line ends a sentence."""
    words = _WORD.findall(text)
    if not words:
        return None
    count: Callable[[str], int] = _spanish if language == "es" else _english
    syllables = sum(count(word.lower()) for word in words)
    spoken = [part for part in _SENTENCE_END.split(_NUMBER.sub("0", text)) if _WORD.search(part)]
    a_sentence, a_word = len(words) / len(spoken), syllables / len(words)
    if language == "es":
        level = 206.84 - 60 * a_word - 1.02 * a_sentence
    else:
        level = max(0.0, 0.39 * a_sentence + 11.8 * a_word - 15.59)
    return Reading(len(words), len(spoken), round(level, 1), language)


def _english(word: str) -> int:
    """Groups of vowels, less a silent end, more for the pairs that are spoken apart."""
    bare = _SILENT_END.sub("", word) if len(word) > 3 else word
    groups = len(_ENGLISH_GROUP.findall(bare)) + len(_TWO_IN_ONE.findall(bare))
    return max(1, groups)


def _spanish(word: str) -> int:
    """Strong vowels stand apart, weak ones join them unless they carry an accent."""
    spoken = word.replace("qu", "k").replace("gue", "ge").replace("gui", "gi")
    return max(1, len(_SPANISH_GROUP.findall(spoken)))
