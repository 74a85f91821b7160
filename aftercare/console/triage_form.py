"""A draft of triage rules as a form: each rule's level, each level's time, and what the patient reads."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftercare.checkins.levels import Level
from aftercare.checkins.questions import BY_CODE
from aftercare.checkins.rulebook import CALLED, LANGUAGES, PLACES, RuleError, read
from aftercare.checkins.text_checking import text_problems
from aftercare.checkins.wording import asked, said
from aftercare.content.models import Language
from aftercare.content.wording import direction

WHEN = {"on_duty": _("while somebody can call"), "closed": _("when nobody is on duty")}
MINUTES_A_MONTH = 60 * 24 * 31


@dataclass(frozen=True)
class RuleLine:
    """One rule in words, with the field of its level."""

    conditions: list[str]
    limits: list[str]
    field: forms.BoundField


class RulesForm(forms.Form):
    """Everything of a rule set that a clinic may choose; conditions stay as they were shipped."""

    def __init__(self, content: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.content = deepcopy(dict(content))
        for number, rule in enumerate(self.content["rules"]):
            self.fields[f"level-{number}"] = forms.ChoiceField(
                label=_("Level"), choices=Level.choices, initial=rule["level"]
            )
        for level in CALLED:
            self.fields[f"limit-{level}"] = forms.IntegerField(
                label=level.label,
                min_value=1,
                max_value=MINUTES_A_MONTH,
                initial=self.content["limits"][level],
                help_text=_("minutes"),
            )
        for level, language, place in _places():
            self.fields[f"text-{level}-{language}-{place}"] = self._text_field(level, language, place)

    def _text_field(self, level: Level, language: Language, place: str) -> forms.CharField:
        return forms.CharField(
            label=f"{level.label} · {language.label} · {WHEN[place]}",
            max_length=3000,
            required=language in LANGUAGES,
            initial=self._said(level, language).get(place, "").strip(),
            widget=forms.Textarea({"rows": 7, "lang": language, "dir": direction(language)}),
        )

    def clean(self) -> dict[str, Any]:
        """Also writes the choices into ``content``, and refuses rules and texts that cannot be used."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        for number, rule in enumerate(self.content["rules"]):
            rule["level"] = cleaned[f"level-{number}"]
        for level in CALLED:
            self.content["limits"][level] = cleaned[f"limit-{level}"]
        self._write_texts(cleaned)
        try:
            read(self.content)
        except RuleError as error:
            self.add_error(None, str(error))
        for wrong in text_problems(self.content["texts"]):
            self.add_error(f"text-{wrong.level}-{wrong.language}-{wrong.place}", wrong.text)
        return cleaned

    def _said(self, level: str, language: str) -> dict[str, str]:
        """By place; empty in a language that the rules were written without."""
        said: dict[str, str] = self.content["texts"].get(level, {}).get(language, {})
        return said

    def _write_texts(self, cleaned: Mapping[str, Any]) -> None:
        """A language in which nothing is written at all is left out."""
        texts: dict[str, dict[str, dict[str, str]]] = {}
        for level, language, place in _places():
            words = texts.setdefault(level, {}).setdefault(language, {})
            words[place] = cleaned[f"text-{level}-{language}-{place}"]
        for language in Language:
            if not any(any(by_language[language].values()) for by_language in texts.values()):
                for by_language in texts.values():
                    del by_language[language]
        self.content["texts"] = texts

    def rule_lines(self, locale: str) -> list[RuleLine]:
        return [
            RuleLine(_conditions(rule, locale), list(_limits(rule)), self[f"level-{number}"])
            for number, rule in enumerate(self.content["rules"])
        ]

    def limit_fields(self) -> list[forms.BoundField]:
        return [self[f"limit-{level}"] for level in CALLED]

    def text_fields(self) -> list[forms.BoundField]:
        return [self[f"text-{level}-{language}-{place}"] for level, language, place in _places()]


def _places() -> Iterator[tuple[Level, Language, str]]:
    for level in reversed(Level):
        for language in Language:
            for place in sorted(PLACES, reverse=True):
                yield level, language, place


def _conditions(rule: Mapping[str, Any], locale: str) -> list[str]:
    """Each question with the least answer that counts."""
    found = []
    for one in rule["when"]:
        question = BY_CODE[one["question"]]
        found.append(f"{asked(question, locale)} – {said(question, str(one['at_least']), locale)}")
    return found


def _limits(rule: Mapping[str, Any]) -> Iterator[Any]:
    if rule.get("from_day"):
        yield _("from day %s on") % rule["from_day"]
    if rule.get("after_hours"):
        yield _("from %s hours after the treatment on") % rule["after_hours"]
    if rule.get("variants"):
        yield _("only after: %s") % ", ".join(rule["variants"])
    if rule.get("bands"):
        yield _("only for depth: %s") % ", ".join(rule["bands"])
