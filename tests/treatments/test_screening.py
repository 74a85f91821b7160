"""The lists of questions, and what answers amount to."""

import pytest

from aftercare.protocols.models import Variant
from aftercare.treatments.screening import Weight, all_clear, questions_for, verdict


def _codes(questions):
    return {question.code for question in questions}


@pytest.mark.parametrize("variant", Variant.values)
def test_each_question_is_asked_once_whatever_the_variant(variant):
    codes = [question.code for question in questions_for(variant)]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("variant", Variant.values)
def test_stops_are_asked_before_what_a_clinician_decides(variant):
    weights = [question.weight for question in questions_for(variant)]

    assert weights == sorted(weights, key=lambda weight: weight is not Weight.STOP)


def test_blood_thinners_stop_prp_and_are_decided_on_otherwise():
    answers = {"anticoagulants": "yes"}

    assert _codes(verdict(answers, variant="prp").stops) == {"anticoagulants"}
    assert _codes(verdict(answers, variant="standard").to_decide) == {"anticoagulants"}


def test_platelets_are_asked_for_prp_only():
    asked = {variant: "platelets" in _codes(questions_for(variant)) for variant in Variant.values}

    assert asked == {"standard": False, "rf": False, "prp": True}


def test_pacemaker_is_asked_for_radio_frequency_only():
    asked = {variant: "implanted_device" in _codes(questions_for(variant)) for variant in Variant.values}

    assert asked == {"standard": False, "rf": True, "prp": False}


@pytest.mark.parametrize("variant", Variant.values)
def test_all_clear_leaves_nothing_to_say(variant):
    answers = verdict(all_clear(variant), variant=variant)

    assert (answers.unanswered, answers.stops, answers.to_decide, answers.unknown_codes) == ((), (), (), ())


def test_unknown_counts_as_yes():
    answers = verdict(all_clear("standard") | {"pregnancy_nursing": "unknown"}, variant="standard")

    assert _codes(answers.stops) == {"pregnancy_nursing"}


@pytest.mark.parametrize("answer", [None, "", "maybe", True, ["yes"], {}])
def test_answer_that_is_none_of_the_three_is_missing(answer):
    answers = verdict(all_clear("standard") | {"diabetes": answer}, variant="standard")

    assert _codes(answers.unanswered) == {"diabetes"}


def test_answer_to_no_question_is_named():
    answers = verdict(all_clear("standard") | {"diabetis": "no"}, variant="standard")

    assert answers.unknown_codes == ("diabetis",)


def test_answer_to_another_variants_question_does_no_harm():
    answers = verdict(all_clear("standard") | {"platelets": "no"}, variant="standard")

    assert answers.unknown_codes == ()
