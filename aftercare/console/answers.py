"""A check-in's answers in words, as staff read them: on its own page, and what made its level on a task's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from aftercare.checkins.models import CheckIn
from aftercare.checkins.parts import Said, answers_to, notes_of
from aftercare.checkins.questions import UNKNOWN, Question, questions_for
from aftercare.checkins.wording import asked, page_words, said

NOTE = "note"


@dataclass(frozen=True)
class AnswerLine:
    """A question and its answer. ``flagged``: it is among the reasons for the level. ``former``: what the
    patient answered before and then changed, each with its time."""

    ask: str
    answer: str
    flagged: bool
    former: Sequence[str] = ()


def answer_lines(check_in: CheckIn) -> list[AnswerLine]:
    """One for each question that was asked."""
    return [_line(question, check_in) for question in _asked(check_in)]


def flagged_lines(check_in: CheckIn) -> list[AnswerLine]:
    """What made the level, and the patient's own words whether they did or not."""
    return [line for line in [*answer_lines(check_in), *note_lines(check_in)] if line.flagged]


def note_lines(check_in: CheckIn) -> list[AnswerLine]:
    """The patient's own words, none or one line; those that were taken away again as well."""
    written = notes_of(check_in) or [Said(check_in.started_at, check_in.note)]
    if not any(one.words for one in written):
        return []
    times = _timed(((one.at, one.words or _("(taken away)")) for one in written), check_in)
    changed = times if len(written) > 1 else []
    return [AnswerLine(_("In the patient's words"), check_in.note or _("(taken away)"), True, changed)]


def _line(question: Question, check_in: CheckIn) -> AnswerLine:
    given = answers_to(question.code, check_in)
    times = _timed(((one.at, _words(question, one.words)) for one in given), check_in)
    answer = _words(question, check_in.answers.get(question.code, ""))
    flagged = question.code in _flagged(check_in)
    return AnswerLine(asked(question, _locale()), answer, flagged, times if len(given) > 1 else [])


def _timed(given: Iterable[tuple[datetime, str]], check_in: CheckIn) -> list[str]:
    zone = check_in.clinic.time_zone
    return [f"{date_format(at.astimezone(zone), 'H:i')} {words}" for at, words in given]


def _words(question: Question, answer: str) -> str:
    if not answer:
        return "–"
    return page_words(_locale())["unknown"] if answer == UNKNOWN else said(question, answer, _locale())


def _asked(check_in: CheckIn) -> list[Question]:
    return questions_for(variant=check_in.session.variant, day=check_in.day)


def _locale() -> str:
    return get_language() or "en"


def _flagged(check_in: CheckIn) -> set[str]:
    """The questions that the rules which were met ask about."""
    rules = check_in.rules.content["rules"]
    met = [rule for rule in rules if rule["code"] in check_in.reasons]
    return {condition["question"] for rule in met for condition in rule["when"]}
