"""Two treatments on one day: each leaflet is sent once, tells of both, and gives the strictest dates."""

from datetime import timedelta

import pytest

from aftercare.clinics.models import Patient
from aftercare.outbox.composing import compose
from aftercare.outbox.forecasting import SessionFacts
from aftercare.outbox.merging import day_of
from aftercare.outbox.planning import replan_session, void_session
from aftercare.outbox.previewing import would_supersede
from aftercare.outbox.replanning import replan_patient
from aftercare.outbox.values import message_values
from aftercare.protocols.models import Restriction
from aftercare.treatments.models import TreatedArea
from tests import factories
from tests.factories import ELAPSED, ENDED_AT, WALL_TIME
from tests.outbox.sessions import complete, draft, move, rows_of

pytestmark = pytest.mark.django_db

LATER = ENDED_AT + timedelta(hours=2)
KEPT = {**WALL_TIME, "newer_session": "keep"}


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def morning(clinic):
    """A session whose protocol keeps its messages when a newer one comes: the day matters, not the rule."""
    protocol = factories.protocol(clinic, steps=({**ELAPSED, "newer_session": "keep"}, KEPT))
    session = draft(clinic, protocol=protocol)
    complete(session)
    return session


def _second(first, **over):
    fields = {"patient": first.patient, "protocol": first.protocol, "ended_at": LATER, **over}
    session = draft(first.clinic, **fields)
    session.areas.update(site="neck")
    return session


def _with_leaflets_of(first, slugs=("first-night",)):
    """Another protocol of the clinic, with some of the same leaflets and one of its own."""
    steps = [step for step in first.protocol.steps.all() if step.slug in slugs]
    protocol = factories.protocol(first.clinic, steps=({**WALL_TIME, "slug": "own", "name": "Own"},))
    for step in steps:
        factories.step(protocol, **{**ELAPSED, "number": 9, "template": step.template})
    return protocol


def _restrict(session, **hours):
    for topic, own in hours.items():
        Restriction.objects.create(protocol=session.protocol, topic=topic, hours_light=own, hours_deeper=own)


def _statuses(session):
    return {slug: row.status for slug, row in rows_of(session).items()}


def _written(session, slug="first-night"):
    row = session.scheduled_messages.select_related("step").get(step__slug=slug)
    return compose(row, now=row.send_at)


def test_leaflets_of_the_earlier_session_are_not_sent_besides_those_of_the_later(morning):
    complete(_second(morning), now=LATER)

    assert set(_statuses(morning).values()) == {"superseded"}


def test_session_on_another_day_leaves_what_its_step_keeps(morning):
    complete(_second(morning, ended_at=LATER + timedelta(days=1)), now=LATER + timedelta(days=1))

    assert _statuses(morning)["day-1"] == "scheduled"


def test_leaflet_that_two_protocols_share_is_sent_once_and_the_others_both(morning):
    second = _second(morning, protocol=_with_leaflets_of(morning))

    complete(second, now=LATER)

    assert _statuses(morning) == {"first-night": "superseded", "day-1": "scheduled"}
    assert set(_statuses(second).values()) == {"scheduled"}


def test_staff_see_before_saving_which_leaflets_are_merged(morning):
    second = _second(morning, protocol=_with_leaflets_of(morning))

    rows = would_supersede(SessionFacts.of(second))

    assert [row.step.slug for row in rows] == ["first-night"]


def test_merged_message_tells_of_both_treatments_and_says_so(morning):
    second = _second(morning)
    complete(second, now=LATER)

    composed = _written(second)

    assert composed.values["treatment"]["areas"] == "face and neck"
    said = "You had more than one treatment on Saturday 28 March."
    assert said in composed.copy.html
    assert composed.copy.text.startswith(said)


def test_message_of_a_day_with_one_treatment_says_nothing_of_others(morning):
    composed = _written(morning)

    assert "more than one treatment" not in composed.copy.html + composed.copy.text
    assert composed.copy.text.startswith("Hello Amara")


def test_merged_message_has_the_deepest_band_of_both_treatments(morning):
    TreatedArea.objects.filter(session=morning).update(depth_mm="1.20")
    second = _second(morning)
    second.areas.update(depth_mm="0.30")
    complete(second, now=LATER)

    assert _written(second).values["treatment"]["depth_band"] == "medium"


def _dates(session, slug):
    row = session.scheduled_messages.select_related("step", "session").get(step__slug=slug)
    return message_values(day_of(row.session, row.step), locale="en-GB")["from"]["heat"]


def test_dates_of_every_message_of_the_day_are_the_strictest_of_all_its_treatments(morning):
    second = _second(morning, protocol=_with_leaflets_of(morning))
    _restrict(morning, heat=24)
    _restrict(second, heat=48)

    complete(second, now=LATER)

    assert _dates(second, "first-night") == "18:00 on Monday 30 March"
    assert _dates(morning, "day-1") == "18:00 on Monday 30 March"


def test_longer_wait_of_the_earlier_treatment_outlasts_the_later_ones(morning):
    second = _second(morning, protocol=_with_leaflets_of(morning))
    _restrict(morning, heat=71)
    _restrict(second, heat=24)

    complete(second, now=LATER)

    assert _dates(second, "first-night") == "15:00 on Tuesday 31 March"


def test_voiding_the_later_session_brings_the_earlier_ones_leaflets_back(morning):
    second = _second(morning, protocol=_with_leaflets_of(morning))
    complete(second, now=LATER)

    void_session(second, reason="Entered by mistake.", by=None, now=LATER)

    assert set(_statuses(morning).values()) == {"scheduled"}
    assert "more than one treatment" not in _written(morning).copy.text


def test_session_moved_to_another_day_parts_the_two_again(morning):
    second = _second(morning, protocol=_with_leaflets_of(morning))
    complete(second, now=LATER)

    move(second, ended_at=LATER - timedelta(days=5))
    replan_session(second, by=None, now=LATER)

    morning.refresh_from_db()
    assert set(_statuses(morning).values()) == {"scheduled"}
    second.refresh_from_db()
    assert (morning.same_day, second.same_day) == ([], [])


def test_day_is_that_of_the_patient(morning):
    """At 23:30 in London it is the next day in Madrid, where the morning's patient may have gone."""
    late = ENDED_AT.replace(hour=23, minute=30)
    second = _second(morning, protocol=_with_leaflets_of(morning), ended_at=late)
    complete(second, now=late)
    assert second.same_day == [morning.pk]

    Patient.objects.filter(pk=morning.patient_id).update(time_zone="Europe/Madrid")
    replan_patient(Patient.objects.get(pk=morning.patient_id), by=None, now=late)

    second.refresh_from_db()
    assert second.same_day == []


def test_session_alone_on_its_day_costs_the_sending_of_its_messages_no_query(
    morning, django_assert_num_queries
):
    row = rows_of(morning)["first-night"]

    with django_assert_num_queries(0):
        assert day_of(row.session, row.step).others == ()
