"""Replanning all sessions that share a patient, a protocol or a clinic."""

from datetime import UTC, datetime, time, timedelta

import pytest

from aftercare.outbox import replanning
from aftercare.outbox.replanning import replan_clinic, replan_patient, replan_protocol
from tests import factories
from tests.factories import ENDED_AT
from tests.outbox.sessions import NOW, complete, draft, rows_of, snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def session(clinic):
    session = draft(clinic)
    complete(session)
    return session


def test_patient_who_moved_gets_messages_by_the_new_clock(session):
    session.patient.time_zone = "America/New_York"
    session.patient.save()

    replan_patient(session.patient, by=None, now=NOW)

    assert rows_of(session)["day-1"].send_at == datetime(2026, 3, 29, 13, tzinfo=UTC)


def test_clinic_with_new_quiet_hours_moves_its_messages(session):
    session.clinic.quiet_until = time(9, 30)
    session.clinic.save()

    replan_clinic(session.clinic, by=None, now=NOW)

    assert rows_of(session)["day-1"].send_at == datetime(2026, 3, 29, 8, 30, tzinfo=UTC)


def test_protocol_with_another_hour_moves_its_messages(session):
    session.protocol.steps.filter(slug="day-1").update(local_time=time(10))

    replan_protocol(session.protocol, by=None, now=NOW)

    assert rows_of(session)["day-1"].send_at == datetime(2026, 3, 29, 9, tzinfo=UTC)


def test_other_clinics_protocols_and_patients_are_left_alone(session):
    other = factories.clinic()

    replan_clinic(other, by=None, now=NOW)
    replan_protocol(factories.protocol(other), by=None, now=NOW)

    assert replan_patient(factories.patient(session.clinic), by=None, now=NOW) == 0


def test_sessions_whose_last_window_is_long_over_are_not_looked_at(clinic):
    old = draft(clinic, ended_at=ENDED_AT - timedelta(days=400))
    complete(old, historical=True)

    assert replan_clinic(clinic, by=None, now=NOW) == 0


def test_session_with_a_promise_is_looked_at_even_when_its_steps_became_shorter(session):
    session.protocol.steps.filter(slug="day-1").update(day=0, latest_day=0)
    session.scheduled_messages.update(status="held", why="patient_paused")

    assert replan_protocol(session.protocol, by=None, now=NOW + timedelta(days=30)) == 1


def test_drafts_and_voided_sessions_are_not_looked_at(clinic):
    draft(clinic)

    assert replan_clinic(clinic, by=None, now=NOW) == 0


def test_replanning_in_several_chunks_reaches_every_session(clinic, monkeypatch):
    monkeypatch.setattr(replanning, "CHUNK", 2)
    sessions = [draft(clinic, protocol=factories.protocol(clinic)) for _ in range(3)]
    for each in sessions:
        complete(each)
    clinic.quiet_until = time(9, 30)
    clinic.save()

    replan_clinic(clinic, by=None, now=NOW)

    assert {rows_of(each)["day-1"].send_at.minute for each in sessions} == {30}


def test_replanning_twice_changes_nothing(session):
    replan_clinic(session.clinic, by=None, now=NOW)
    before = snapshot(session)

    replan_clinic(session.clinic, by=None, now=NOW)

    assert snapshot(session) == before


def test_replanning_takes_no_more_queries_for_more_sessions(clinic, django_assert_max_num_queries):
    protocol = factories.protocol(clinic)
    for _ in range(10):
        complete(draft(clinic, protocol=protocol))

    with django_assert_max_num_queries(14):
        replan_protocol(protocol, by=None, now=NOW)
