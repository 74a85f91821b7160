"""The shipped protocol is the plan that the clinical facts propose."""

from datetime import time

import pytest

from aftercare.protocols import library
from aftercare.protocols.library import ShippedRestriction, UnknownProtocol, load, slugs
from aftercare.protocols.models import LateAction, Topic, UnknownPolicy, Variant
from aftercare.timing import Elapsed, WallTime


def test_slugs_lists_the_shipped_protocol():
    assert slugs() == ["microneedling"]


@pytest.mark.parametrize("slug", ["peel", "", "../shipped/microneedling", "."])
def test_load_of_an_unknown_slug_names_those_that_exist(slug):
    with pytest.raises(UnknownProtocol) as caught:
        load(slug)

    assert caught.value.slug == slug
    assert caught.value.known == ["microneedling"]
    assert "Choose one of: microneedling." in str(caught.value)


def test_load_is_for_standard_needles_only():
    protocol = load("microneedling")

    assert (protocol.slug, protocol.treatment) == ("microneedling", "microneedling")
    assert protocol.variants == (Variant.STANDARD.value,)


def test_steps_come_in_order_at_the_planned_times():
    steps = load("microneedling").steps

    assert [(step.number, step.slug, step.when) for step in steps] == [
        (1, "first-night", Elapsed(60, 240)),
        (2, "day-1", WallTime(1, time(9), 1, time(18))),
        (3, "day-2", WallTime(2, time(18), 3, time(9))),
        (4, "day-3", WallTime(3, time(18), 4, time(12))),
        (5, "day-7", WallTime(7, time(10), 9, time(10))),
        (6, "day-21", WallTime(21, time(10), 28, time(10))),
        (7, "day-35", WallTime(35, time(10), 42, time(10))),
    ]


def test_a_missed_safety_critical_step_opens_a_task():
    actions = {step.number: (step.safety_critical, step.late_action) for step in load("microneedling").steps}

    assert actions == {number: (True, LateAction.SKIP_AND_TASK.value) for number in range(1, 7)} | {
        7: (False, LateAction.SKIP.value)
    }


def test_a_step_that_may_have_left_is_never_sent_again_unasked():
    policies = {step.unknown_policy for step in load("microneedling").steps}

    assert policies == {UnknownPolicy.UNCONFIRMED.value}


def test_only_the_first_night_may_come_in_quiet_hours():
    exempt = [step.slug for step in load("microneedling").steps if step.quiet_exempt]

    assert exempt == ["first-night"]


def test_restrictions_are_the_proposed_hours_for_every_topic():
    restrictions = load("microneedling").restrictions

    assert restrictions == (
        ShippedRestriction("washing", None, None),
        ShippedRestriction("makeup", 24, 48),
        ShippedRestriction("sunscreen", 24, 24),
        ShippedRestriction("exercise", 72, 72),
        ShippedRestriction("heat", 72, 72),
        ShippedRestriction("swimming", 72, 72),
        ShippedRestriction("alcohol", 24, 24),
        ShippedRestriction("actives", 168, 168),
    )
    assert {restriction.topic for restriction in restrictions} == set(Topic.values)


def test_every_text_file_belongs_to_a_step():
    steps = {step.slug for step in load("microneedling").steps}

    for language in library.LANGUAGES:
        files = {file.stem for file in (library.SHIPPED / "microneedling" / language).iterdir()}
        assert files == steps


def test_a_window_before_its_offset_is_refused(tmp_path, monkeypatch):
    plan = (library.SHIPPED / "microneedling" / "protocol.toml").read_text(encoding="utf-8")
    (tmp_path / "hasty").mkdir()
    (tmp_path / "hasty" / "protocol.toml").write_text(
        plan.replace("latest_minutes = 240", "latest_minutes = 30"), encoding="utf-8"
    )
    monkeypatch.setattr(library, "SHIPPED", tmp_path)

    with pytest.raises(ValueError, match="must not come before the step's own time"):
        load("hasty")
