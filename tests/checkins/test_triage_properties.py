"""What holds for all answers together."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftercare.checkins.levels import Level
from aftercare.checkins.questions import BY_CODE, QUESTIONS, UNKNOWN
from aftercare.checkins.rulebook import read, shipped
from aftercare.checkins.triage import Facts, triage
from aftercare.protocols.models import Variant
from aftercare.treatments.depth import DepthBand

BOOK = read(shipped())
SIGNS = [(one.code, answer) for one in QUESTIONS if one.emergency for answer in ("yes", UNKNOWN)]
SIGNS.append(("redness", "spreading"))

answers = st.fixed_dictionaries(
    {}, optional={one.code: st.sampled_from([*one.choices, UNKNOWN]) for one in QUESTIONS}
)
facts = st.builds(
    Facts,
    day=st.integers(0, 60),
    hours=st.integers(0, 1500),
    variant=st.sampled_from(Variant.values),
    band=st.sampled_from(DepthBand),
    history=st.frozensets(st.sampled_from(["diabetes", "immunosuppression", "cold_sores"])),
)


@pytest.fixture
def hold(record_property):
    """Tries a law on many cases, and tells the summary how many they were."""

    def hold(law, *cases):
        tried = 0

        @settings(max_examples=200, deadline=None)
        @given(st.tuples(*cases))
        def holds(case):
            nonlocal tried
            tried += 1
            law(*case)

        holds()
        record_property("combinations", tried)

    return hold


def level_of(given_answers, known):
    return triage(BOOK, given_answers, known).level


def test_emergency_sign_is_always_an_emergency(hold):
    def law(given_answers, known, sign):
        code, answer = sign
        assert level_of({**given_answers, code: answer}, known) is Level.E

    hold(law, answers, facts, st.sampled_from(SIGNS))


def test_worse_answer_never_lowers_the_level(hold):
    def law(given_answers, known, data):
        question = data.draw(st.sampled_from(QUESTIONS))
        pair = st.tuples(*[st.sampled_from(range(len(question.choices)))] * 2)
        low, high = (
            level_of({**given_answers, question.code: question.choices[place]}, known)
            for place in sorted(data.draw(pair))
        )
        assert high.rank >= low.rank

    hold(law, answers, facts, st.data())


def test_any_answer_never_lowers_the_level_of_those_before(hold):
    def law(given_answers, known):
        so_far, level = {}, Level.NONE
        for code, answer in given_answers.items():
            so_far[code] = answer
            now = level_of(so_far, known)
            assert now.rank >= level.rank
            level = now

    hold(law, answers, facts)


def test_not_knowing_counts_as_a_bad_answer(hold):
    def law(given_answers, known, question):
        unsure = level_of({**given_answers, question.code: UNKNOWN}, known)
        bad = level_of({**given_answers, question.code: question.unknown_as}, known)
        best = level_of({**given_answers, question.code: question.choices[0]}, known)
        assert unsure is bad
        assert unsure.rank >= best.rank

    hold(law, answers, facts, st.sampled_from(QUESTIONS))


def test_risk_never_lowers_the_level(hold):
    def law(given_answers, known, risk):
        at_risk = replace(known, history=known.history | {risk})
        assert level_of(given_answers, at_risk).rank >= level_of(given_answers, known).rank

    hold(law, answers, facts, st.sampled_from(["diabetes", "immunosuppression"]))


def test_rules_are_as_many_as_the_shipped_ones(record_property):
    assert {rule.code for rule in BOOK.rules} >= {code for code, _answer in SIGNS if code != "redness"}
    record_property("rules", len(BOOK.rules))


def test_what_a_yes_or_no_question_does_not_know_counts_as_yes():
    assert all(BY_CODE[one.code].unknown_as == "yes" for one in QUESTIONS if one.choices == ("no", "yes"))
