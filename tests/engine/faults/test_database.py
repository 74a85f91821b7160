"""PostgreSQL restarted, crashed, cut off, and held up in the middle of a batch."""

import time
import uuid

import psycopg
import pytest
from django.db import connection, transaction

from aftercare.outbox.models import Status
from tests.services.plugin import database_url

pytestmark = pytest.mark.services

PACE = 0.05  # seconds that the mail server takes for a message
SEVERAL_TICKS = 2  # seconds
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


def test_row_locked_by_a_frozen_process_keeps_no_other_message_waiting(sending, runs):
    """As by a worker frozen in the middle of a transaction, about a message whose lease is over."""
    for run in runs("a row locked by a frozen process"):
        with transaction.atomic():
            frozen, *_others = run.due(20)
            held = {"status": Status.CLAIMED, "claim_token": uuid.uuid4(), "lease_until": frozen.send_at}
            run.rows().filter(pk=frozen.pk).update(**held)
        with psycopg.connect(database_url()) as locker:
            locker.execute("SELECT 1 FROM outbox_scheduledmessage WHERE id = %s FOR UPDATE", [frozen.pk])
            time.sleep(SEVERAL_TICKS)
            run.due(20)
            run.expect(settled_but_one(run), "going on without it")
        run.until_settled()
        run.judge()


def settled_but_one(run):
    deadline = time.monotonic() + 10
    while run.unsettled() > 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    return run.unsettled() == 1
