"""A step skipped for one session: said in its plan, taken back, and never for a safety-critical one."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from aftercare.outbox.forecasting import SessionFacts, forecast
from aftercare.outbox.planning import replan_session
from tests import factories
from tests.factories import ELAPSED, WALL_TIME
from tests.outbox.sessions import NOW, complete, draft, move, rows_of, snapshot

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def session(db):
    clinic = factories.clinic()
    protocol = factories.protocol(clinic, steps=(ELAPSED, {**WALL_TIME, "may_be_skipped": True}))
    return draft(clinic, protocol=protocol)


def _standing(session):
    return {slug: (row.status, row.why) for slug, row in rows_of(session).items()}


def test_skipped_step_is_not_sent_and_says_why(session):
    move(session, skipped_steps=["day-1"])

    complete(session)

    assert _standing(session) == {"first-night": ("scheduled", ""), "day-1": ("cancelled", "step_skipped")}


def test_step_skipped_later_stops_and_starts_again(session):
    complete(session)
    move(session, skipped_steps=["day-1"])
    replan_session(session, by=None, now=SOON)
    assert _standing(session)["day-1"] == ("cancelled", "step_skipped")

    move(session, skipped_steps=[])
    replan_session(session, by=None, now=SOON)

    assert _standing(session)["day-1"] == ("scheduled", "")


def test_skipped_step_of_a_session_that_moves_stays_skipped_and_planning_twice_changes_nothing(session):
    move(session, skipped_steps=["day-1"])
    complete(session)
    move(session, ended_at=session.ended_at - timedelta(hours=1))

    replan_session(session, by=None, now=SOON)
    before = snapshot(session)
    replan_session(session, by=None, now=SOON)

    assert _standing(session)["day-1"] == ("cancelled", "step_skipped")
    assert snapshot(session) == before


def test_step_that_may_not_be_skipped_any_more_is_planned_all_the_same(session):
    move(session, skipped_steps=["day-1"])
    session.protocol.steps.update(may_be_skipped=False)

    plan = forecast(SessionFacts.of(session), now=NOW)

    assert {planned.step.slug: planned.status for planned in plan} == {
        "first-night": "scheduled",
        "day-1": "scheduled",
    }


def test_database_refuses_a_safety_critical_step_that_may_be_skipped(session):
    with pytest.raises(IntegrityError), transaction.atomic():
        session.protocol.steps.filter(slug="first-night").update(may_be_skipped=True)
