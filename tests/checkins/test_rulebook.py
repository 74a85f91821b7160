"""Rules that may not be used, and why."""

from copy import deepcopy

import pytest

from aftercare.checkins.rulebook import RuleError, read, shipped


def without(code):
    content = shipped()
    content["rules"] = [rule for rule in content["rules"] if rule["code"] != code]
    return content


def with_rule(code, **fields):
    content = deepcopy(shipped())
    next(rule for rule in content["rules"] if rule["code"] == code).update(fields)
    return content


@pytest.mark.parametrize("sign", ["breathing", "unwell", "eyes", "spreading"])
def test_rules_without_an_emergency_sign_are_refused(sign):
    with pytest.raises(RuleError, match="must always mean an emergency"):
        read(without(sign))


@pytest.mark.parametrize(
    "limit", [{"level": "a"}, {"from_day": 1}, {"after_hours": 1}, {"variants": ["rf"]}, {"bands": ["deep"]}]
)
def test_rules_that_weaken_an_emergency_sign_are_refused(limit):
    with pytest.raises(RuleError, match="must always mean an emergency"):
        read(with_rule("breathing", **limit))


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("infection", {"when": [{"question": "infection", "at_least": "unknown"}]}),
        ("infection", {"when": [{"question": "colour", "at_least": "yes"}]}),
        ("infection", {"when": []}),
        ("infection", {"level": "d"}),
        ("infection", {"bands": ["thick"]}),
    ],
)
def test_rules_that_ask_for_the_impossible_are_refused(code, fields):
    with pytest.raises(RuleError):
        read(with_rule(code, **fields))


def test_raise_that_lowers_a_level_is_refused():
    content = shipped()
    content["raises"][0]["to"] = "c"

    with pytest.raises(RuleError, match="must raise a level"):
        read(content)


@pytest.mark.parametrize("level", ["e", "a", "b", "c"])
def test_level_without_a_time_is_refused(level):
    content = shipped()
    del content["limits"][level]

    with pytest.raises(RuleError, match="within which time"):
        read(content)


def test_texts_promise_a_time_only_when_somebody_is_on_duty():
    texts = read(shipped()).texts

    assert all("{time}" not in words["closed"] for level in texts.values() for words in level.values())
    assert all("{time}" in texts[level][lang]["on_duty"] for level in "abc" for lang in ("en", "es"))
