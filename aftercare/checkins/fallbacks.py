"""Where a clinic's patients are written to in another language than their own, because theirs has no text."""

from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from aftercare.checkins.models import RuleSet
from aftercare.checkins.rulebook import languages_in
from aftercare.checkins.wording import LANGUAGES, first_written
from aftercare.clinics.models import Clinic, Patient
from aftercare.content.models import TemplateVersion
from aftercare.content.wording import language_of


class Written(StrEnum):
    """What is written in some languages and not in others."""

    FORM = "form"
    LEVELS = "levels"
    MESSAGES = "messages"


class Fallback(NamedTuple):
    """That patients who read one language get this in another; of messages, how many templates lack it.

    ``instead`` of messages is the clinic's own language, where they have it.
    """

    what: Written
    wanted: str
    instead: str
    templates: int = 0


def fallbacks(clinic: Clinic) -> list[Fallback]:
    """For each language that the clinic or one of its patients reads. It reads three times."""
    wanted = read_at(clinic)
    rules = RuleSet.objects.approved().filter(clinic=clinic).first()
    found = [*_of_form(clinic, wanted), *(of_levels(clinic, rules, wanted) if rules else ())]
    return [*found, *_of_messages(clinic, wanted)]


def read_at(clinic: Clinic) -> dict[str, str]:
    """A locale by its language, of those that the clinic or one of its patients reads."""
    locales = Patient.objects.filter(clinic=clinic).exclude(locale="").order_by("locale")
    read = [*locales.values_list("locale", flat=True).distinct(), clinic.locale]
    return {language_of(locale): locale for locale in read}


def of_levels(clinic: Clinic, rules: RuleSet, wanted: Mapping[str, str]) -> list[Fallback]:
    """Those of the texts of these rules' levels. ``wanted``: a locale by its language."""
    written = languages_in(rules.content["texts"])
    return [
        Fallback(Written.LEVELS, language, language_of(first_written(locale, clinic, written)))
        for language, locale in wanted.items()
        if language not in written
    ]


def _of_form(clinic: Clinic, wanted: Mapping[str, str]) -> list[Fallback]:
    return [
        Fallback(Written.FORM, language, language_of(first_written(locale, clinic, LANGUAGES)))
        for language, locale in wanted.items()
        if language not in LANGUAGES
    ]


def _of_messages(clinic: Clinic, wanted: Mapping[str, str]) -> list[Fallback]:
    approved = TemplateVersion.objects.approved().filter(template__clinic=clinic)
    written: dict[int, set[str]] = defaultdict(set)
    for template, language in approved.values_list("template", "language"):
        written[template].add(language)
    lacking = {language: sum(language not in has for has in written.values()) for language in wanted}
    own = language_of(clinic.locale)
    return [Fallback(Written.MESSAGES, language, own, count) for language, count in lacking.items() if count]
