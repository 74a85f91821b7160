"""From answers to a level: a pure function of the rules, the answers and what is known of the treatment.

No clock and no database. It decides how soon a human is needed, and nothing else: it names no disease and
tells nobody that all is well.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from aftercare.checkins.levels import Level, worst
from aftercare.checkins.questions import BY_CODE, Answers
from aftercare.checkins.rulebook import Condition, Rule, RuleBook
from aftercare.protocols.models import Variant
from aftercare.treatments.depth import DepthBand


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known beside the answers.

    ``day``: local days since the treatment; ``hours``: full hours since its end; ``history``: the codes of
    the screening that were answered yes or unknown.
    """

    day: int
    hours: int
    variant: str = Variant.STANDARD
    band: DepthBand = DepthBand.MEDIUM
    history: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Triage:
    """How soon a human is needed, and the codes of the rules that say so, the worst first."""

    level: Level
    reasons: tuple[str, ...]


def triage(book: RuleBook, answers: Answers, facts: Facts) -> Triage:
    """The worst level that any rule asks for, after what the patient's history raises.

    Answers may be incomplete: what was not answered asks for nothing yet. Answers to questions that were not
    asked must have been dropped before (:func:`aftercare.checkins.questions.only_asked`).
    """
    met = sorted(_met(book, answers, facts), key=lambda rule: -rule.level.rank)
    level = worst(rule.level for rule in met)
    raised = [one for one in book.raises if one.frm.rank <= level.rank < one.to.rank]
    raised = [one for one in raised if one.history & facts.history]
    reasons = [one.code for one in raised] + [rule.code for rule in met if rule.level is not Level.NONE]
    return Triage(worst([level, *(one.to for one in raised)]), tuple(dict.fromkeys(reasons)))


def _met(book: RuleBook, answers: Answers, facts: Facts) -> Iterator[Rule]:
    for rule in book.rules:
        if _applies(rule, facts) and all(_holds(one, answers) for one in rule.when):
            yield rule


def _applies(rule: Rule, facts: Facts) -> bool:
    late_enough = facts.day >= rule.from_day and facts.hours >= rule.after_hours
    return late_enough and facts.variant in rule.variants and facts.band in rule.bands


def _holds(condition: Condition, answers: Answers) -> bool:
    given = answers.get(condition.question)
    if given is None:
        return False
    question = BY_CODE[condition.question]
    return question.severity(given) >= question.severity(condition.at_least)
