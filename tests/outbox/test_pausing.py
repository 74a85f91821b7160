"""Holding all messages of a patient, a protocol or a clinic, and letting them go."""

from datetime import timedelta
from uuid import uuid4

import pytest

from aftercare.outbox import pausing
from aftercare.outbox.handling import send_now
from aftercare.outbox.models import StatusChange
from aftercare.outbox.planning import reopen_session
from aftercare.outbox.refusing import Refused
from tests import factories
from tests.outbox.sessions import NOW, ONE_HOUR, complete, draft, rows_of, snapshot

pytestmark = pytest.mark.django_db

SOON = NOW + timedelta(minutes=1)
WHAT = ["patient", "protocol", "clinic"]


@pytest.fixture
def session():
    session = draft(factories.clinic())
    complete(session)
    return session


@pytest.fixture
def staff(session):
    return factories.user(session.clinic)


def _pause(what, session, staff, reason="In hospital.", now=SOON):
    return getattr(pausing, f"pause_{what}")(getattr(session, what), reason=reason, by=staff, now=now)


def _resume(what, session, staff, now):
    getattr(pausing, f"resume_{what}")(getattr(session, what), by=staff, now=now)


def _states(session):
    return {(row.status, row.why) for row in rows_of(session).values()}


@pytest.mark.parametrize("what", WHAT)
def test_pausing_holds_what_is_scheduled_and_keeps_reason_and_who(session, staff, what):
    held = _pause(what, session, staff)

    paused = getattr(session, what)
    paused.refresh_from_db()
    assert held == 2
    assert _states(session) == {("held", f"{what}_paused")}
    assert (paused.paused_at, paused.paused_reason) == (SOON, "In hospital.")
    assert paused.history.first().history_user == staff
    assert StatusChange.objects.last().actor == staff


def test_pausing_takes_a_claimed_message_back_from_its_worker(session, staff):
    lease = {"claim_token": uuid4(), "lease_until": SOON + timedelta(minutes=5)}
    session.scheduled_messages.update(status="claimed", **lease)

    _pause("patient", session, staff)

    assert _states(session) == {("held", "patient_paused")}


@pytest.mark.parametrize("what", WHAT)
def test_pausing_touches_nobody_else(session, staff, what):
    other = draft(factories.clinic())
    complete(other)

    _pause(what, session, staff)

    assert _states(other) == {("scheduled", "")}


@pytest.mark.parametrize("what", WHAT)
def test_resuming_lets_them_go_at_their_times(session, staff, what):
    before = {row.pk: row.send_at for row in rows_of(session).values()}
    _pause(what, session, staff)

    _resume(what, session, staff, NOW + timedelta(minutes=10))

    assert _states(session) == {("scheduled", "")}
    assert {row.pk: row.send_at for row in rows_of(session).values()} == before
    assert getattr(session, what).paused_at is None


def test_resuming_within_a_window_makes_its_message_due_now(session, staff):
    _pause("patient", session, staff)

    _resume("patient", session, staff, ONE_HOUR + timedelta(hours=1))

    row = rows_of(session)["first-night"]
    assert (row.status, row.due_at) == ("scheduled", ONE_HOUR + timedelta(hours=1))


def test_resuming_after_a_window_misses_its_message(session, staff):
    _pause("patient", session, staff)

    _resume("patient", session, staff, ONE_HOUR + timedelta(hours=4))

    row = rows_of(session)["first-night"]
    assert (row.status, row.why) == ("missed", "window_passed")


def test_resuming_one_of_two_pauses_keeps_the_other(session, staff):
    _pause("patient", session, staff)
    _pause("clinic", session, staff)

    _resume("patient", session, staff, SOON)

    assert _states(session) == {("held", "clinic_paused")}


def test_resuming_also_releases_what_was_promised_while_it_ran(session, staff, monkeypatch):
    """A session completed by somebody who still saw the pause: its messages are held when the resume ends."""
    other = draft(session.clinic, protocol=session.protocol)
    _pause("clinic", session, staff)
    spread = pausing.spread_backlog

    def spread_while_another_completes(rows, **given):
        count = spread(rows, **given)
        complete(other, now=SOON)
        other.scheduled_messages.update(status="held", why="clinic_paused")
        return count

    monkeypatch.setattr(pausing, "spread_backlog", spread_while_another_completes)

    _resume("clinic", session, staff, SOON)

    assert _states(other) == _states(session) == {("scheduled", "")}


def test_resuming_leaves_a_reopened_session_held(session, staff):
    _pause("patient", session, staff)
    reopen_session(session, by=None, now=SOON)

    _resume("patient", session, staff, SOON)

    assert _states(session) == {("held", "session_reopened")}


def test_pausing_twice_keeps_the_first_reason(session, staff):
    _pause("patient", session, staff)

    _pause("patient", session, staff, reason="Another.", now=NOW + timedelta(hours=1))

    session.patient.refresh_from_db()
    assert (session.patient.paused_at, session.patient.paused_reason) == (SOON, "In hospital.")


def test_resuming_twice_changes_nothing(session, staff):
    _pause("patient", session, staff)
    _resume("patient", session, staff, SOON)
    before = snapshot(session)

    _resume("patient", session, staff, SOON)

    assert snapshot(session) == before


def test_pausing_without_reason_is_refused(session, staff):
    with pytest.raises(Refused) as refused:
        _pause("patient", session, staff, reason=" ")

    assert list(refused.value.problems) == ["reason"]
    assert _states(session) == {("scheduled", "")}


def test_pausing_keeps_what_the_caller_has_not_saved_out_of_the_history(session, staff):
    session.patient.first_name = "Unsaved"

    _pause("patient", session, staff)

    assert session.patient.history.first().first_name == "Amara"


def test_pause_and_resume_keep_a_message_that_staff_sent_early(session, staff):
    early = rows_of(session)["day-1"]
    send_now(early, reason="She asked.", by=staff, now=SOON)
    hurried = rows_of(session)["day-1"]
    _pause("patient", session, staff)

    _resume("patient", session, staff, SOON + timedelta(minutes=1))

    row = rows_of(session)["day-1"]
    assert (row.status, row.send_at, row.moved_by) == ("scheduled", hurried.send_at, ["by_staff"])
