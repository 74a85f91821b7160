"""Every rule, and every answer at which the level changes, in one table."""

import pytest

from aftercare.checkins.levels import Level
from aftercare.checkins.questions import QUESTIONS, only_asked, questions_for
from aftercare.checkins.rulebook import read, shipped
from aftercare.checkins.triage import Facts, triage
from aftercare.treatments.depth import DepthBand

BOOK = read(shipped())
WELL = {
    **{question.code: question.choices[0] for question in QUESTIONS},
    "pain": "2",
    "pain_trend": "same",
}
E, A, B, C, NONE = Level.E, Level.A, Level.B, Level.C, Level.NONE

# What is answered, on which day, what else is known, the level, and the rules that say so.
TABLE = [
    ({}, 1, {}, NONE, ()),
    ({"breathing": "yes"}, 1, {}, E, ("breathing",)),
    ({"breathing": "unknown"}, 1, {}, E, ("breathing",)),
    ({"unwell": "yes"}, 1, {}, E, ("unwell",)),
    ({"unwell": "unknown"}, 1, {}, E, ("unwell",)),
    ({"eyes": "yes"}, 1, {}, E, ("eyes",)),
    ({"eyes": "unknown"}, 1, {}, E, ("eyes",)),
    ({"redness": "same"}, 1, {}, NONE, ()),
    ({"redness": "same"}, 3, {"band": DepthBand.LIGHT}, NONE, ()),
    ({"redness": "same"}, 4, {"band": DepthBand.LIGHT}, C, ("redness_lasting_light",)),
    ({"redness": "same"}, 4, {}, NONE, ()),
    ({"redness": "same"}, 6, {"band": DepthBand.DEEP}, NONE, ()),
    ({"redness": "same"}, 7, {"band": DepthBand.DEEP}, C, ("redness_lasting",)),
    ({"redness": "more"}, 1, {}, A, ("redness_rising",)),
    ({"redness": "unknown"}, 1, {}, A, ("redness_rising",)),
    ({"redness": "spreading"}, 1, {}, E, ("spreading", "redness_rising")),
    ({"pain": "6"}, 1, {}, NONE, ()),
    ({"pain": "7"}, 1, {}, A, ("strong_pain",)),
    ({"pain": "10"}, 1, {}, A, ("strong_pain",)),
    ({"pain": "unknown"}, 1, {}, A, ("strong_pain",)),
    ({"pain_trend": "worse"}, 1, {"hours": 47}, NONE, ()),
    ({"pain_trend": "worse"}, 2, {"hours": 48}, A, ("pain_rising",)),
    ({"pain_trend": "unknown"}, 2, {"hours": 48}, A, ("pain_rising",)),
    ({"pain_trend": "same"}, 2, {"hours": 48}, NONE, ()),
    ({"infection": "yes"}, 1, {}, A, ("infection",)),
    ({"infection": "unknown"}, 1, {}, A, ("infection",)),
    ({"blisters": "yes"}, 1, {}, A, ("blisters",)),
    ({"blisters": "unknown"}, 1, {}, A, ("blisters",)),
    ({"burn": "yes"}, 1, {"variant": "rf"}, A, ("burn",)),
    ({"burn": "unknown"}, 1, {"variant": "rf"}, A, ("burn",)),
    ({"burn": "yes"}, 1, {}, NONE, ()),
    ({"rash": "bumps"}, 1, {}, B, ("bumps",)),
    ({"rash": "hives"}, 1, {}, A, ("hives", "bumps")),
    ({"rash": "unknown"}, 1, {}, A, ("hives", "bumps")),
    ({"other_product": "yes"}, 1, {}, NONE, ()),
    ({"rash": "bumps", "other_product": "yes"}, 1, {}, A, ("bumps_and_product", "bumps")),
    ({"rash": "bumps", "other_product": "unknown"}, 1, {}, A, ("bumps_and_product", "bumps")),
    ({"marks": "yes"}, 6, {}, NONE, ()),
    ({"marks": "yes"}, 7, {}, C, ("marks",)),
    ({"marks": "unknown"}, 7, {}, C, ("marks",)),
    ({"call_me": "yes"}, 1, {}, B, ("call_me",)),
    ({"call_me": "unknown"}, 1, {}, B, ("call_me",)),
    ({"note": "yes"}, 1, {}, B, ("note",)),
    ({"note": "yes"}, 1, {"history": {"diabetes"}}, A, ("risk", "note")),
    ({"call_me": "yes"}, 1, {"history": {"diabetes"}}, A, ("risk", "call_me")),
    ({"rash": "bumps"}, 1, {"history": {"immunosuppression"}}, A, ("risk", "bumps")),
    ({"marks": "yes"}, 7, {"history": {"diabetes"}}, C, ("marks",)),
    ({"infection": "yes"}, 1, {"history": {"diabetes"}}, A, ("infection",)),
    ({"call_me": "yes"}, 1, {"history": {"cold_sores"}}, B, ("call_me",)),
]


def facts(day, hours=None, history=(), **more):
    hours = day * 24 if hours is None else hours
    return Facts(day=day, hours=hours, history=frozenset(history), **more)


@pytest.mark.parametrize(("given", "day", "known", "level", "reasons"), TABLE)
def test_triage_of_answers_gives_level_and_reasons(given, day, known, level, reasons):
    result = triage(BOOK, {**WELL, **given}, facts(day, **known))

    assert (result.level, result.reasons) == (level, reasons)


def test_every_shipped_rule_is_in_the_table():
    told = {reason for *_rest, reasons in TABLE for reason in reasons}

    assert told == {rule.code for rule in BOOK.rules} | {one.code for one in BOOK.raises}


def test_every_answer_of_every_question_that_changes_a_level_is_in_the_table():
    """Walks each question's choices in rising order; where the level rises, the table has that answer."""
    in_table = {(code, answer) for given, *_rest in TABLE for code, answer in given.items()}
    for question in QUESTIONS:
        known = facts(8, variant="rf", band=DepthBand.LIGHT)
        levels = [
            triage(BOOK, {**WELL, "redness": "less", question.code: answer}, known).level
            for answer in question.choices
        ]
        for before, after, answer in zip(levels, levels[1:], question.choices[1:], strict=False):
            assert before is after or (question.code, answer) in in_table


def test_incomplete_answers_ask_for_nothing_yet():
    assert triage(BOOK, {}, facts(1)).level is NONE
    assert triage(BOOK, {"infection": "yes"}, facts(1)).level is A


def test_questions_asked_fit_variant_and_day():
    standard_early = {one.code for one in questions_for(variant="standard", day=1)}
    rf_late = {one.code for one in questions_for(variant="rf", day=7)}

    assert rf_late - standard_early == {"burn", "marks"}


def test_answers_to_what_is_not_asked_or_impossible_are_dropped():
    given = {"burn": "yes", "marks": "yes", "pain": "11", "redness": "purple", "eyes": "yes", "x": "yes"}

    assert only_asked(given, variant="standard", day=1) == {"eyes": "yes"}
