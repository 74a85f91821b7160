"""The words of a check-in in the patient's language, read from ``texts/``."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from aftercare.checkins.questions import Question
from aftercare.content.wording import language_of

TEXTS = Path(__file__).parent / "texts"


@cache
def _texts(language: str) -> dict[str, Any]:
    return tomllib.loads((TEXTS / f"{language}.toml").read_text(encoding="utf-8"))


def page_words(locale: str) -> dict[str, str]:
    """What stands around the questions; some have places in braces to be filled. Raises OSError."""
    return dict(_texts(language_of(locale))["page"])


def asked(question: Question, locale: str) -> str:
    return str(_texts(language_of(locale))["questions"][question.code]["ask"])


def hint(question: Question, locale: str) -> str:
    return str(_texts(language_of(locale))["questions"][question.code].get("hint", ""))


def said(question: Question, answer: str, locale: str) -> str:
    """How a choice is written; a number stands for itself."""
    choices = _texts(language_of(locale))["questions"][question.code].get("choices", {})
    return str(choices.get(answer, answer))
