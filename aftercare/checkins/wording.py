"""The words of a check-in in the patient's language, read from ``texts/``."""

import tomllib
from collections.abc import Container
from functools import cache
from pathlib import Path
from typing import Any

from aftercare.checkins.questions import Question
from aftercare.clinics.models import Clinic, Locale, Patient
from aftercare.content.wording import language_of

TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("en", "es", "ar")
"""Those that the form, and what stands around it, are written in."""


def _texts(locale: str) -> dict[str, Any]:
    """In English for a locale that the form is not written in: the clinic's own, in the console."""
    language = language_of(locale)
    return _read(language if language in LANGUAGES else LANGUAGES[0])


@cache
def _read(language: str) -> dict[str, Any]:
    return tomllib.loads((TEXTS / f"{language}.toml").read_text(encoding="utf-8"))


def asked_in_locale(patient: Patient) -> str:
    """The locale in which a patient is asked: their own if the form is written in it, else the clinic's."""
    return first_written(patient.written_locale, patient.clinic, LANGUAGES)


def first_written(locale: str, clinic: Clinic, languages: Container[str]) -> str:
    """This locale, if what is meant is written in its language; else the clinic's own; else English."""
    wanted = (locale, clinic.locale, Locale.EN_GB.value)
    return next(one for one in wanted if language_of(one) in languages)


def page_words(locale: str) -> dict[str, str]:
    """What stands around the questions; some have places in braces to be filled. Raises OSError."""
    return dict(_texts(locale)["page"])


def asked(question: Question, locale: str) -> str:
    return str(_texts(locale)["questions"][question.code]["ask"])


def hint(question: Question, locale: str) -> str:
    return str(_texts(locale)["questions"][question.code].get("hint", ""))


def said(question: Question, answer: str, locale: str) -> str:
    """How a choice is written; a number stands for itself."""
    choices = _texts(locale)["questions"][question.code].get("choices", {})
    return str(choices.get(answer, answer))
