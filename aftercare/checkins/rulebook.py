"""The rules by which answers become a level, read from data and checked before anybody may approve them."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from aftercare.checkins.levels import Level
from aftercare.checkins.questions import BY_CODE, QUESTIONS, UNKNOWN
from aftercare.protocols.models import Variant
from aftercare.treatments.depth import DepthBand
from aftercare.treatments.screening import QUESTIONS as SCREENING

SHIPPED = Path(__file__).parent / "shipped" / "rules.toml"
SCREENED = frozenset(question.code for question in SCREENING)
CALLED = (Level.E, Level.A, Level.B, Level.C)
"""The levels that end in a call or a contact, each with a time."""
PLACES = frozenset({"on_duty", "closed"})
LANGUAGES = ("en", "es")
"""Those in which every level must have its texts; a clinic may add others."""


class RuleError(ValueError):
    """These rules cannot be used; the text says what to put right."""


@dataclass(frozen=True, slots=True)
class Condition:
    """That a question was answered at least so badly."""

    question: str
    at_least: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Answers that together ask for a level: all conditions, for these variants and bands, from then on.

    ``after_hours`` counts from the end of the treatment.
    """

    code: str
    level: Level
    when: tuple[Condition, ...]
    variants: frozenset[str] = frozenset(Variant.values)
    bands: frozenset[str] = frozenset(DepthBand)
    from_day: int = 0
    after_hours: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """What in a patient's history turns one level into a higher one."""

    code: str
    frm: Level
    to: Level
    history: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """All rules of a clinic, the time each level allows for a call, and what the patient then reads.

    ``texts``: by level, language and "on_duty" or "closed", paragraphs with {time} and the clinic's numbers.
    Every level has them in the same languages.
    """

    rules: tuple[Rule, ...]
    raises: tuple[Raise, ...]
    limits: Mapping[Level, timedelta]
    texts: Mapping[str, Mapping[str, Mapping[str, str]]]


def shipped() -> dict[str, Any]:
    """The rules that come with the project, as data: a draft until a clinician approves it."""
    return tomllib.loads(SHIPPED.read_text(encoding="utf-8"))


def read(content: Mapping[str, Any]) -> RuleBook:
    """The rules that this data describes. Raises RuleError for what is unknown, missing or unsafe.

    Not for a wrong text, which :mod:`aftercare.checkins.text_checking` finds before the approval.
    """
    try:
        book = RuleBook(
            rules=tuple(_rule(row) for row in content["rules"]),
            raises=tuple(_raise(row) for row in content["raises"]),
            limits={Level(key): timedelta(minutes=value) for key, value in content["limits"].items()},
            texts=content["texts"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RuleError(_("These rules cannot be read: %s") % error) from error
    for problem in _problems(book):
        raise RuleError(problem)
    return book


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(
        code=row["code"],
        level=Level(row["level"]),
        when=tuple(Condition(one["question"], str(one["at_least"])) for one in row["when"]),
        variants=frozenset(row.get("variants", Variant.values)),
        bands=frozenset(DepthBand(band) for band in row.get("bands", DepthBand)),
        from_day=int(row.get("from_day", 0)),
        after_hours=int(row.get("after_hours", 0)),
    )


def _raise(row: Mapping[str, Any]) -> Raise:
    return Raise(
        code=row["code"],
        frm=Level(row["from"]),
        to=Level(row["to"]),
        history=frozenset(row["history"]),
    )


def _problems(book: RuleBook) -> Iterator[str]:
    for rule in book.rules:
        yield from _rule_problems(rule)
    for one in book.raises:
        if one.to.rank <= one.frm.rank or one.history - SCREENED:
            yield _("“%s” must raise a level, for something that is asked before a treatment.") % one.code
    yield from _missing_emergencies(book)
    for level in CALLED:
        if not timedelta() < book.limits.get(level, timedelta()):
            yield _("Say within which time a call follows level %s.") % level.upper()


def _rule_problems(rule: Rule) -> Iterator[str]:
    if not rule.when:
        yield _("“%s” has no condition.") % rule.code
    for one in rule.when:
        question = BY_CODE.get(one.question)
        if question is None or one.at_least == UNKNOWN or not question.takes(one.at_least):
            yield _("“%s” asks for an answer that the form does not have.") % rule.code


def _missing_emergencies(book: RuleBook) -> Iterator[str]:
    """An emergency sign must mean an emergency for everybody, at any time, whatever else was answered."""
    signs = [(one.code, "yes") for one in QUESTIONS if one.emergency] + [("redness", "spreading")]
    for code, answer in signs:
        if not any(_always_emergency(rule, code, answer) for rule in book.rules):
            yield _("“%s” must always mean an emergency.") % code


def _always_emergency(rule: Rule, code: str, answer: str) -> bool:
    unlimited = (
        rule.variants >= set(Variant.values)
        and rule.bands >= set(DepthBand)
        and rule.from_day == rule.after_hours == 0
    )
    alone = len(rule.when) == 1 and rule.when[0].question == code
    reached = alone and BY_CODE[code].severity(answer) >= BY_CODE[code].severity(rule.when[0].at_least)
    return unlimited and reached and rule.level is Level.E


def languages_in(texts: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Those in which a level has a text."""
    return frozenset(language for by_language in texts.values() for language in by_language)
