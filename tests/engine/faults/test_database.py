"""PostgreSQL restarted, crashed, cut off, and held up in the middle of a batch."""

import psycopg
import pytest
from django.db import connection

from aftercare.outbox.models import Status
from tests.services.plugin import database_url
from tests.services.processes import wait_for

pytestmark = pytest.mark.services

PACE = 0.05  # seconds that the mail server takes for a message
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def sending(engine, mailbox):
    mailbox.delay_seconds = PACE
    engine.worker(concurrency=2)
    engine.beat()


def test_database_restarted_leaves_one_in_doubt_for_each_sender(sending, postgres, runs):
    for run in runs("PostgreSQL restarted"):
        run.due(40)
        run.any_instant()
        connection.close()
        postgres.restart()
        run.until_settled()
        run.judge(unknown=2)


def test_database_crashed_leaves_one_in_doubt_for_each_sender(sending, postgres, runs):
    for run in runs("PostgreSQL crashed and recovered"):
        run.due(40)
        run.any_instant()
        connection.close()
        postgres.crash()
        postgres.start()
        run.until_settled()
        run.judge(unknown=2)


def test_connections_cut_leave_one_in_doubt_for_each_sender(sending, runs):
    for run in runs("PostgreSQL's connections cut, three times"):
        for _ in range(3):
            run.due(20)
            run.any_instant()
            with connection.cursor() as cursor:
                cursor.execute(CUT)
        run.until_settled()
        run.judge(unknown=6)


def test_row_locked_by_a_stuck_process_keeps_no_other_message_waiting(sending, runs):
    """As by a worker that is frozen in the middle of a transaction, about a message whose lease is over."""
    for run in runs("a row locked by a stuck process"):
        stuck, *_others = run.due(20)
        with psycopg.connect(database_url()) as blocker:
            blocker.execute("SELECT 1 FROM outbox_scheduledmessage WHERE id = %s FOR UPDATE", [stuck.pk])
            lease_over(run, stuck)
            wait_for(lambda: run.unsettled() == 1, "all the others", seconds=20)  # noqa: B023
        run.until_settled()
        run.judge()


def lease_over(run, message):
    assert run.rows().filter(pk=message.pk, status=Status.SCHEDULED).exists()
