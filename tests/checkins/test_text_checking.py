"""What the texts of the levels must and must not say before they are approved."""

from copy import deepcopy

import pytest

from aftercare.checkins.approving import RulesRefused, approve_rules, save_rules
from aftercare.checkins.levels import Level
from aftercare.checkins.rulebook import read, shipped
from aftercare.checkins.text_checking import text_problems
from tests import factories


def with_text(level, language, place, text):
    content = deepcopy(shipped())
    content["texts"][level][language][place] = text
    return content


def problems_of(level, place, text, language="en"):
    found = list(text_problems(with_text(level, language, place, text)["texts"]))
    assert all(problem[:3] == (level, language, place) for problem in found)
    return [problem.text for problem in found]


def test_shipped_texts_have_no_problem():
    assert list(text_problems(shipped()["texts"])) == []


@pytest.mark.parametrize("text", ["", " \n"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_empty_text_is_a_problem_in_every_language(language, text):
    (problem,) = problems_of(Level.C, "closed", text, language)

    assert "there is no text" in problem


def test_text_that_is_missing_in_a_language_is_a_problem():
    content = shipped()
    del content["texts"]["b"]["es"]

    assert [(one.level, one.language) for one in text_problems(content["texts"])] == [(Level.B, "es")] * 2


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Call {clinic_phone}.", "“{clinic_phone}”"),
        ("Call {{ phone }}.", "“{ phone }”"),
        ("Call {phone.", "“{”"),
        ("Call phone}.", "“}”"),
        ("We call by {Time}.", "“{Time}”"),
        ("Call {}.", "“{}”"),
    ],
)
def test_what_is_not_filled_in_is_named(text, named):
    assert named in " ".join(problems_of(Level.B, "on_duty", text))


@pytest.mark.parametrize("level", list(Level))
def test_time_is_a_problem_where_nobody_is_on_duty(level):
    problems = problems_of(level, "closed", "We will call you by {time}. {emergency_number}")

    assert ["Nobody is on duty" in problem for problem in problems] == [True]


def test_time_is_a_problem_where_nobody_calls():
    (problem,) = problems_of(Level.NONE, "on_duty", "We will call you by {time}.")

    assert "Nobody calls at this level" in problem


@pytest.mark.parametrize("place", ["on_duty", "closed"])
def test_emergency_text_without_the_emergency_number_is_a_problem(place):
    (problem,) = problems_of(Level.E, place, "Call {phone} now.")

    assert "{emergency_number}" in problem


@pytest.mark.django_db
def test_draft_with_a_wrong_text_is_not_approved_and_says_why():
    clinic = factories.clinic()
    draft = save_rules(clinic, content=with_text("a", "es", "closed", "Le llamaremos antes de {time}."))

    with pytest.raises(RulesRefused, match="level A in es: Nobody is on duty then"):
        approve_rules(draft, by=factories.practitioner(clinic), now=factories.ENDED_AT)


def test_language_of_the_clinics_choice_is_whole_or_not_there():
    content = with_text("a", "es", "closed", "Llame: {phone}.")
    content["texts"]["a"]["ar"] = dict(content["texts"]["a"]["en"])

    found = {(wrong.level, wrong.language) for wrong in text_problems(content["texts"])}

    assert found == {(level, "ar") for level in Level if level is not Level.A}


def test_rules_with_a_wrong_text_still_weigh_answers():
    assert read(with_text("e", "en", "closed", "{nonsense")).rules
