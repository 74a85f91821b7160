"""Whatever staff do in whatever order: one row a step, and what has ended stays as it is."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.planning import (
    Refused,
    SessionFacts,
    preview,
    reopen_session,
    replan_session,
    void_session,
)
from aftercare.outbox.reaping import miss_late
from aftercare.outbox.revising import may_change
from tests import factories
from tests.factories import ELAPSED, ENDED_AT, WALL_TIME
from tests.outbox.sessions import COLUMNS, NOW, UNDO, complete, draft, move

pytestmark = pytest.mark.django_db

STEPS = (ELAPSED, WALL_TIME, {**WALL_TIME, "slug": "day-35", "day": 35, "latest_day": 42})
OURS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

which = st.integers(0, 1)
operations = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["complete", "reopen", "void", "replan", "send"]), which, st.just(0)),
        st.tuples(st.just("move"), which, st.integers(-60 * 24 * 40, 60)),
        st.tuples(st.just("wait"), st.just(0), st.sampled_from([1, 5, 90, 600, 60 * 24, 60 * 24 * 30])),
    ),
    max_size=12,
)


@pytest.fixture
def protocol():
    return factories.protocol(factories.clinic(), steps=STEPS)


def _pair(protocol):
    """Two drafts of one patient, four weeks apart."""
    patient = factories.patient(protocol.clinic)
    ends = (ENDED_AT - timedelta(days=28), ENDED_AT)
    return [draft(protocol.clinic, protocol=protocol, patient=patient, ended_at=end) for end in ends]


def _do(name, session, minutes, now):
    """One thing that staff or the engine may do; a refusal is as good as another outcome."""
    try:
        if name == "complete":
            complete(session, now=now)
        elif name == "reopen":
            reopen_session(session, by=None, now=now)
        elif name == "void":
            void_session(session, reason="A slip.", by=None, now=now)
        elif name == "move" and session.state != "voided":
            move(session, ended_at=min(ENDED_AT + timedelta(minutes=minutes), now))
            replan_session(session, by=None, now=now)
        elif name == "replan":
            replan_session(session, by=None, now=now)
        elif name == "send":
            due = session.scheduled_messages.filter(status="scheduled", due_at__lte=now)
            due.update(status="sent", sent_at=now, attempt_count=1)
    except Refused:
        session.refresh_from_db()


def _ended():
    return {row.pk: _columns(row) for row in ScheduledMessage.objects.all() if not may_change(row)}


def _columns(row):
    return tuple(getattr(row, name) for name in COLUMNS)


@OURS
@given(steps=operations)
def test_any_sequence_keeps_one_row_a_step_and_never_moves_what_has_ended(protocol, steps):
    sessions, now = _pair(protocol), NOW

    for name, index, minutes in steps:
        ended = _ended()
        if name == "wait":
            now += timedelta(minutes=minutes)
            miss_late(now)
        else:
            _do(name, sessions[index], minutes, now)

        assert ended.items() <= _ended().items()
        for session in sessions:
            _check(session)


def _check(session):
    session.refresh_from_db()
    rows = list(session.scheduled_messages.all())
    assert len({row.step_id for row in rows}) == len(rows)
    if session.state == "completed":
        assert len(rows) == len(STEPS)
        assert all(row.due_at >= session.completed_at + UNDO for row in rows if row.status == "scheduled")
    else:
        assert not [row for row in rows if row.status in ("scheduled", "claimed")]


@OURS
@given(steps=operations, wait=st.integers(0, 300))
def test_replanning_twice_gives_the_same_rows(protocol, steps, wait):
    (session, other), now = _pair(protocol), NOW
    complete(session, now=now)
    for name, index, minutes in steps:
        _do(name, (session, other)[index], minutes, now)

    now += timedelta(minutes=wait)
    _do("replan", session, 0, now)
    before = [_columns(row) for row in ScheduledMessage.objects.order_by("pk")]
    _do("replan", session, 0, now)

    assert [_columns(row) for row in ScheduledMessage.objects.order_by("pk")] == before


@OURS
@given(
    minutes_ago=st.integers(0, 60 * 24 * 45),
    undo=st.integers(0, 60),
    other_minutes_ago=st.integers(0, 60_000),
)
def test_completing_stores_what_the_preview_showed(protocol, minutes_ago, undo, other_minutes_ago):
    assume(minutes_ago != other_minutes_ago)
    session, other = _pair(protocol)
    session.clinic.undo_minutes = undo
    session.clinic.save()
    move(other, ended_at=NOW - timedelta(minutes=other_minutes_ago))
    complete(other)
    move(session, ended_at=NOW - timedelta(minutes=minutes_ago))

    shown = preview(SessionFacts.of(session), now=NOW)
    complete(session)

    stored = {row.step_id: row for row in session.scheduled_messages.all()}
    for planned in shown:
        row = stored[planned.step.pk]
        assert (planned.status, planned.why, list(planned.moved_by)) == (row.status, row.why, row.moved_by)
        assert (planned.send_at, planned.due_at, planned.latest_at) == (
            row.send_at,
            row.due_at,
            row.latest_at,
        )
