"""How far a practitioner may depart from the protocol for one session."""

import pytest

from aftercare.protocols.models import Restriction
from aftercare.treatments.overriding import override_problems
from tests import factories
from tests.factories import ELAPSED, WALL_TIME

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(db):
    """Heat: 24 hours where light, 48 deeper. The second step may be skipped."""
    clinic = factories.clinic()
    protocol = factories.protocol(clinic, steps=(ELAPSED, {**WALL_TIME, "may_be_skipped": True}))
    Restriction.objects.create(protocol=protocol, topic="heat", hours_light=24, hours_deeper=48)
    return factories.treatment_session(clinic, protocol=protocol)


def problems(session, **over):
    for name, value in over.items():
        setattr(session, name, value)
    return override_problems(session, list(session.areas.all()))


def test_session_without_overrides_asks_no_query(session, django_assert_num_queries):
    areas = list(session.areas.all())

    with django_assert_num_queries(0):
        assert override_problems(session, areas) == []


@pytest.mark.parametrize("hours", [48, 72, 672])
def test_restriction_may_be_made_longer(session, hours):
    assert problems(session, waits={"heat": hours}) == []


@pytest.mark.parametrize("hours", [0, 24, 47, 673])
def test_restriction_is_never_shorter_than_the_protocols_hours_nor_beyond_four_weeks(session, hours):
    assert problems(session, waits={"heat": hours}) == [
        ("waits", "Heat and sauna: the protocol allows 48 to 672 hours for one session.")
    ]


@pytest.mark.parametrize(("hours", "refused"), [(35, True), (36, False), (96, False), (97, True)])
def test_protocol_sets_the_bounds(session, hours, refused):
    session.protocol.restrictions.update(least_hours=36, most_hours=96)

    assert bool(problems(session, waits={"heat": hours})) is refused


def test_bounds_follow_the_depth(session):
    session.areas.update(depth_mm="0.50")

    assert problems(session, waits={"heat": 24}) == []


def test_topic_without_a_restriction_is_refused(session):
    assert problems(session, waits={"sunscreen": 72})[0][0] == "waits"


def test_step_is_skipped_where_the_protocol_allows_it(session):
    assert problems(session, skipped_steps=["day-1"]) == []


@pytest.mark.parametrize("slug", ["first-night", "no-such-step"])
def test_other_steps_are_not_skipped(session, slug):
    assert [field for field, _text in problems(session, skipped_steps=[slug])] == ["skipped_steps"]
