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


def restart(postgres):
    connection.close()
    postgres.restart()


def crash(postgres):
    connection.close()
    postgres.crash()
    postgres.start()


def cut(_postgres):
    with connection.cursor() as cursor:
        cursor.execute(CUT)


FAULTS = {
    "PostgreSQL restarted": restart,
    "PostgreSQL crashed and recovered": crash,
    "PostgreSQL's connections cut": cut,
}


@pytest.fixture
def sending(engine, mailbox):
    mailbox.delay_seconds = PACE
    engine.beat()
    return engine.worker(concurrency=2).until_printed("ready.")


def test_database_that_drops_its_clients_leaves_one_in_doubt_for_each_sender(
    sending, postgres, runs, subtests
):
    for name, harm in FAULTS.items():
        with subtests.test(name):
            for run in runs(name):
                run.due(40)
                run.any_instant()
                harm(postgres)
                run.until_settled()
                run.expect(sending.alive(), "a worker that lives on")
                run.judge(unknown=2)


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
