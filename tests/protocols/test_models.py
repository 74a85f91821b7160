"""What must always hold of protocols, and what staff are told when it does not."""

from datetime import time

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from aftercare.protocols.models import Restriction, Topic
from aftercare.timing import Elapsed, WallTime
from tests import factories

WALL_TIME = {**factories.WALL_TIME, "slug": "later"}
ELAPSED = {**factories.ELAPSED, "slug": "sooner"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def protocol():
    return factories.protocol(factories.clinic(), steps=())


def refused(make):
    with pytest.raises(IntegrityError), transaction.atomic():
        make()
    return True


@pytest.mark.parametrize(
    "fields",
    [
        {**ELAPSED, "latest_minutes": 59},
        {**ELAPSED, "offset_minutes": None},
        {**ELAPSED, "latest_minutes": None},
        {**ELAPSED, "day": 1},
        {**WALL_TIME, "latest_day": 0},
        {**WALL_TIME, "latest_local_time": time(8, 59)},
        {**WALL_TIME, "local_time": None},
        {**WALL_TIME, "latest_local_time": None, "latest_day": 2},
        {**WALL_TIME, "offset_minutes": 60},
    ],
)
def test_step_whose_window_does_not_follow_its_offset_is_refused(protocol, fields):
    assert refused(lambda: factories.step(protocol, number=1, **fields))


def test_step_with_a_reversed_window_is_told_so_in_the_users_words(protocol):
    step = factories.step(protocol, number=1, **WALL_TIME)
    step.latest_local_time = time(8)
    with pytest.raises(ValidationError, match="must not come before the step's own time"):
        step.full_clean()


def test_step_may_have_a_window_that_is_one_instant(protocol):
    step = factories.step(protocol, number=1, **{**ELAPSED, "latest_minutes": 60})
    assert step.when == Elapsed(minutes=60, latest_minutes=60)


def test_when_of_a_wall_time_step_is_its_day_and_time(protocol):
    step = factories.step(protocol, number=1, **WALL_TIME)
    assert step.when == WallTime(day=1, at=time(9), latest_day=1, latest_at=time(18))


def test_safety_critical_step_cannot_be_disabled(protocol):
    assert refused(lambda: factories.step(protocol, number=1, **ELAPSED, enabled=False))


def test_safety_critical_step_with_an_everyday_template_is_told_what_to_do(protocol):
    step = factories.step(protocol, number=1, **ELAPSED)
    step.template = factories.template(protocol.clinic)
    with pytest.raises(ValidationError, match="marked safety-critical"):
        step.full_clean()


def test_step_with_another_clinics_template_is_told_what_to_do(protocol):
    step = factories.step(protocol, number=1, **WALL_TIME)
    step.template = factories.template(factories.clinic())
    with pytest.raises(ValidationError, match="own clinic"):
        step.full_clean()


def test_second_step_of_a_slug_is_refused(protocol):
    factories.step(protocol, number=1, **ELAPSED)
    assert refused(lambda: factories.step(protocol, number=2, **ELAPSED))


def test_second_protocol_of_a_slug_in_one_clinic_is_refused(protocol):
    assert refused(lambda: factories.protocol(protocol.clinic, steps=(), slug=protocol.slug))


def test_second_restriction_of_a_topic_is_refused(protocol):
    Restriction.objects.create(protocol=protocol, topic=Topic.MAKEUP, hours_light=24)
    assert refused(lambda: Restriction.objects.create(protocol=protocol, topic=Topic.MAKEUP))


@pytest.mark.parametrize("variants", [[], ["laser"]])
def test_protocol_without_a_known_variant_is_told_which_there_are(protocol, variants):
    protocol.variants = variants
    with pytest.raises(ValidationError, match="standard, rf, prp"):
        protocol.full_clean()
