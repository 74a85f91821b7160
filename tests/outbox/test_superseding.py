"""A newer session takes over from an older one of the same patient and protocol, and gives back."""

from datetime import timedelta
from uuid import uuid4

import pytest

from aftercare.followups.models import FollowUpTask
from aftercare.outbox import promising
from aftercare.outbox.models import StatusChange
from aftercare.outbox.planning import reopen_session, replan_session, void_session
from tests import factories
from tests.factories import ELAPSED, ENDED_AT, WALL_TIME
from tests.outbox.sessions import NOW, complete, draft, move, rows_of

pytestmark = pytest.mark.django_db

LONG = {**WALL_TIME, "slug": "day-35", "day": 35, "latest_day": 42}
MONTH = timedelta(days=28)
SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def protocol(clinic):
    return factories.protocol(clinic, steps=(ELAPSED, LONG))


@pytest.fixture
def older(clinic, protocol):
    """A session of four weeks ago: its first message sent, its last one still to come."""
    session = draft(clinic, protocol=protocol, ended_at=ENDED_AT - MONTH)
    complete(session, now=NOW - MONTH)
    session.scheduled_messages.filter(step__slug="first-night").update(status="sent", sent_at=NOW - MONTH)
    return session


def _newer(older, **over):
    fields = {"patient": older.patient, "protocol": older.protocol, "ended_at": ENDED_AT, **over}
    return draft(older.clinic, **fields)


def _last(session):
    return rows_of(session)["day-35"]


def _void(session, now=SOON):
    void_session(session, reason="Entered by mistake.", by=None, now=now)


def test_newer_session_supersedes_what_the_older_has_not_sent(older):
    newer = _newer(older)

    complete(newer)

    assert (_last(older).status, _last(older).why) == ("superseded", "newer_session")
    assert _last(older).superseded_by == newer
    assert rows_of(older)["first-night"].status == "sent"
    assert _last(newer).status == "scheduled"


def test_step_that_the_protocol_keeps_is_sent_all_the_same(older):
    older.protocol.steps.filter(slug="day-35").update(newer_session="keep")

    complete(_newer(older))

    assert _last(older).status == "scheduled"


def test_superseding_is_kept_in_the_history_with_who(older):
    staff = factories.user(older.clinic)

    complete(_newer(older), by=staff)

    line = StatusChange.objects.get(to_status="superseded")
    assert (line.from_status, line.actor) == ("scheduled", staff)


def test_held_messages_are_superseded_too(older):
    older.scheduled_messages.filter(step__slug="day-35").update(status="held", why="patient_paused")

    complete(_newer(older))

    assert _last(older).status == "superseded"


def test_session_of_another_protocol_or_patient_supersedes_nothing(older, clinic):
    complete(_newer(older, protocol=factories.protocol(clinic)))
    complete(_newer(older, patient=factories.patient(clinic)))

    assert _last(older).status == "scheduled"


def test_older_session_entered_after_the_newer_is_born_superseded(older):
    newer = _newer(older)
    complete(newer)
    between = _newer(older, ended_at=ENDED_AT - timedelta(days=14))

    complete(between, now=SOON)

    assert (_last(between).status, _last(between).superseded_by) == ("superseded", newer)
    assert _last(newer).status == "scheduled"


def test_voiding_the_newer_session_revives_what_it_superseded(older):
    newer = _newer(older)
    complete(newer)

    _void(newer)

    assert (_last(older).status, _last(older).why, _last(older).superseded_by) == ("scheduled", "", None)
    assert _last(newer).status == "cancelled"


def test_reopening_the_newer_session_revives_what_it_superseded(older):
    newer = _newer(older)
    complete(newer)

    reopen_session(newer, by=None, now=SOON)

    assert _last(older).status == "scheduled"


def test_completing_the_reopened_session_supersedes_again(older):
    newer = _newer(older)
    complete(newer)
    reopen_session(newer, by=None, now=SOON)

    complete(newer, now=NOW + timedelta(minutes=2))

    assert _last(older).status == "superseded"


def test_revived_message_whose_window_has_passed_is_missed_and_tells_staff(older):
    older.protocol.steps.filter(slug="day-35").update(late_action="skip_and_task")
    newer = _newer(older)
    complete(newer)

    _void(newer, now=NOW + timedelta(days=20))

    assert (_last(older).status, _last(older).why) == ("missed", "window_passed")
    assert FollowUpTask.objects.filter(source=f"message:{_last(older).pk}:missed").exists()


def test_voiding_the_newest_of_three_revives_only_the_one_before(older):
    middle, newest = _newer(older, ended_at=ENDED_AT - timedelta(days=14)), _newer(older)
    complete(middle, now=NOW - timedelta(days=14))
    complete(newest)

    _void(newest)

    assert _last(middle).status == "scheduled"
    assert (_last(older).status, _last(older).superseded_by) == ("superseded", middle)


def test_moving_a_session_before_another_swaps_which_is_superseded(older):
    newer = _newer(older)
    complete(newer)

    move(newer, ended_at=ENDED_AT - MONTH - timedelta(days=1))
    replan_session(newer, by=None, now=SOON)

    assert _last(older).status == "scheduled"
    assert (_last(newer).status, _last(newer).superseded_by) == ("superseded", older)


def test_voiding_a_superseded_session_cancels_its_messages_for_good(older):
    newer = _newer(older)
    complete(newer)

    _void(older)
    _void(newer)

    assert (_last(older).status, _last(older).why) == ("cancelled", "session_voided")


def test_message_claimed_while_the_newer_session_is_saved_is_superseded_all_the_same(older, monkeypatch):
    """Between reading the rows and moving them, a drain may claim one: its claim must not save it."""
    newer, read = _newer(older), promising._rows

    def read_just_before_a_claim(sessions):
        rows = read(sessions)
        lease = {"claim_token": uuid4(), "lease_until": NOW + timedelta(minutes=5)}
        older.scheduled_messages.filter(status="scheduled").update(status="claimed", **lease)
        return rows

    monkeypatch.setattr(promising, "_rows", read_just_before_a_claim)

    complete(newer)

    assert (_last(older).status, _last(older).claim_token) == ("superseded", None)
