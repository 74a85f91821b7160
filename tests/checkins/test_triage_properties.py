"""What holds for all answers together."""

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
thorough = settings(max_examples=200, deadline=None)


@thorough
@given(answers, facts, st.sampled_from(SIGNS))
def test_emergency_sign_is_always_an_emergency(given_answers, known, sign):
    code, answer = sign

    assert triage(BOOK, {**given_answers, code: answer}, known).level is Level.E


@thorough
@given(answers, facts, st.data())
def test_worse_answer_never_lowers_the_level(given_answers, known, data):
    question = data.draw(st.sampled_from(QUESTIONS))
    better, worse = sorted(data.draw(st.tuples(*[st.sampled_from(range(len(question.choices)))] * 2)))

    low = triage(BOOK, {**given_answers, question.code: question.choices[better]}, known).level
    high = triage(BOOK, {**given_answers, question.code: question.choices[worse]}, known).level

    assert high.rank >= low.rank


@thorough
@given(answers, facts)
def test_any_answer_never_lowers_the_level_of_those_before(given_answers, known):
    so_far, level = {}, Level.NONE
    for code, answer in given_answers.items():
        so_far[code] = answer
        now = triage(BOOK, so_far, known).level
        assert now.rank >= level.rank
        level = now


@thorough
@given(answers, facts, st.sampled_from(QUESTIONS))
def test_not_knowing_counts_as_a_bad_answer(given_answers, known, question):
    unsure = triage(BOOK, {**given_answers, question.code: UNKNOWN}, known).level
    bad = triage(BOOK, {**given_answers, question.code: question.unknown_as}, known).level
    best = triage(BOOK, {**given_answers, question.code: question.choices[0]}, known).level

    assert unsure is bad
    assert unsure.rank >= best.rank


@thorough
@given(answers, facts, st.sampled_from(["diabetes", "immunosuppression"]))
def test_risk_never_lowers_the_level(given_answers, known, risk):
    at_risk = Facts(
        day=known.day,
        hours=known.hours,
        variant=known.variant,
        band=known.band,
        history=known.history | {risk},
    )

    assert triage(BOOK, given_answers, at_risk).level.rank >= triage(BOOK, given_answers, known).level.rank


def test_what_a_yes_or_no_question_does_not_know_counts_as_yes():
    assert all(BY_CODE[one.code].unknown_as == "yes" for one in QUESTIONS if one.choices == ("no", "yes"))
