"""The table of transitions, and what one move does to a row and its history."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from aftercare.outbox.models import ScheduledMessage, Status, StatusChange
from aftercare.outbox.transitions import ALLOWED, IllegalMove, move, move_all, record_new

NOW = datetime(2026, 3, 28, 15, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_table_names_every_status_and_lets_what_was_sent_only_be_sent_anew():
    assert set(ALLOWED) == set(Status)
    assert ALLOWED[Status.SENT] == {Status.SCHEDULED}


def test_move_that_the_row_allows_changes_status_and_writes_a_line(scheduled, staff):
    moved = move(
        scheduled.pk,
        to=Status.HELD,
        frm=Status.SCHEDULED,
        now=NOW,
        why="patient_paused",
        detail="flu",
        actor=staff,
    )

    scheduled.refresh_from_db()
    line = StatusChange.objects.get()
    assert moved
    assert (scheduled.status, scheduled.why, scheduled.why_detail) == ("held", "patient_paused", "flu")
    assert (line.message_id, line.at, line.from_status, line.to_status) == (
        scheduled.pk,
        NOW,
        "scheduled",
        "held",
    )
    assert (line.why, line.detail, line.actor) == ("patient_paused", "flu", staff)


def test_move_from_a_status_the_row_has_left_changes_nothing(scheduled):
    move(scheduled.pk, to=Status.CANCELLED, frm=Status.SCHEDULED, now=NOW)

    moved = move(scheduled.pk, to=Status.HELD, frm=Status.SCHEDULED, now=NOW)

    scheduled.refresh_from_db()
    assert not moved
    assert scheduled.status == Status.CANCELLED
    assert StatusChange.objects.count() == 1


def test_move_with_another_claims_token_changes_nothing(claimed):
    moved = move(claimed.pk, to=Status.SENDING, frm=Status.CLAIMED, now=NOW, token=uuid.uuid4())

    claimed.refresh_from_db()
    assert not moved
    assert claimed.status == Status.CLAIMED


def test_move_with_several_sources_records_the_one_it_left(scheduled):
    move(scheduled.pk, to=Status.HELD, frm=Status.SCHEDULED, now=NOW)

    move(scheduled.pk, to=Status.CANCELLED, frm=(Status.SCHEDULED, Status.HELD), now=NOW)

    assert list(StatusChange.objects.values_list("from_status", "to_status")) == [
        ("scheduled", "held"),
        ("held", "cancelled"),
    ]


def test_move_not_in_the_table_is_refused_and_leaves_the_row(scheduled):
    with pytest.raises(IllegalMove, match="from scheduled to unknown"):
        move(scheduled.pk, to=Status.UNKNOWN, frm=Status.SCHEDULED, now=NOW)

    scheduled.refresh_from_db()
    assert scheduled.status == Status.SCHEDULED


def test_move_out_of_a_claim_ends_the_lease(claimed):
    move(claimed.pk, to=Status.MISSED, frm=Status.CLAIMED, now=NOW, token=claimed.claim_token)

    claimed.refresh_from_db()
    assert (claimed.claim_token, claimed.lease_until) == (None, None)


def test_move_into_sending_keeps_the_lease_and_leaves_no_line(claimed):
    move(claimed.pk, to=Status.SENDING, frm=Status.CLAIMED, now=NOW, token=claimed.claim_token)

    after = ScheduledMessage.objects.get(pk=claimed.pk)
    assert after.status == Status.SENDING
    assert after.claim_token == claimed.claim_token
    assert not StatusChange.objects.exists()


@pytest.mark.parametrize(("why", "lines"), [("", 0), ("waiting_to_retry", 1)])
def test_claim_given_back_leaves_a_line_only_when_there_is_a_reason(claimed, why, lines):
    move(claimed.pk, to=Status.SCHEDULED, frm=Status.CLAIMED, now=NOW, why=why)

    assert StatusChange.objects.count() == lines


def test_move_to_sent_has_the_time(claimed):
    move(claimed.pk, to=Status.SENDING, frm=Status.CLAIMED, now=NOW)

    move(claimed.pk, to=Status.SENT, frm=Status.SENDING, now=NOW, provider_message_id="p-1")

    claimed.refresh_from_db()
    assert (claimed.sent_at, claimed.provider_message_id) == (NOW, "p-1")


def test_move_back_from_superseded_forgets_the_newer_session(scheduled):
    move(scheduled.pk, to=Status.SUPERSEDED, frm=Status.SCHEDULED, now=NOW, superseded_by=scheduled.session)

    move(scheduled.pk, to=Status.SCHEDULED, frm=Status.SUPERSEDED, now=NOW, due_at=NOW + timedelta(days=9))

    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.superseded_by) == (Status.SCHEDULED, None)


def test_move_all_moves_every_row_with_a_line_each(scheduled, another):
    move(another.pk, to=Status.HELD, frm=Status.SCHEDULED, now=NOW)

    count = move_all(
        ScheduledMessage.objects.filter(status__in=["scheduled", "held"]),
        to=Status.CANCELLED,
        now=NOW,
        why="by_staff",
    )

    assert count == 2
    assert set(ScheduledMessage.objects.values_list("status", "why")) == {("cancelled", "by_staff")}
    lines = StatusChange.objects.filter(to_status="cancelled")
    assert {(line.message_id, line.from_status) for line in lines} == {
        (scheduled.pk, "scheduled"),
        (another.pk, "held"),
    }


def test_move_all_with_one_row_that_may_not_move_moves_none(scheduled, claimed):
    with pytest.raises(IllegalMove):
        move_all(ScheduledMessage.objects.all(), to=Status.CLAIMED, now=NOW)

    scheduled.refresh_from_db()
    assert scheduled.status == Status.SCHEDULED


def test_move_all_run_twice_changes_nothing_more(scheduled):
    rows = ScheduledMessage.objects.filter(status="scheduled")
    move_all(rows, to=Status.HELD, now=NOW)

    assert move_all(rows, to=Status.HELD, now=NOW) == 0
    assert StatusChange.objects.count() == 1


def test_record_new_writes_the_first_line(scheduled, staff):
    record_new([scheduled], now=NOW, actor=staff)

    line = StatusChange.objects.get()
    assert (line.from_status, line.to_status, line.actor) == ("", "scheduled", staff)
