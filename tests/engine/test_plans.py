"""What PostgreSQL reads to find a row, in the processes that send."""

import time

import pytest
from django.db import connection

pytestmark = pytest.mark.services
STATISTICS_SECONDS = 1.5
"""So long a process may keep what it read to itself."""


def tries_read_in_passing():
    """How many rows of tries were read by going through all of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'outbox_attempt'")
        return cursor.fetchone()[0]


def test_tries_are_found_by_their_keys_though_there_was_none_when_the_plan_was_made(engine, due):
    """A plan is kept as long as its connection; a table that was empty then is best read whole."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM outbox_attempt")  # from then on it is known to be empty
    before = tries_read_in_passing()
    due(60)
    worker = engine.worker()
    engine.beat()
    engine.until_settled()
    worker.stop()
    time.sleep(STATISTICS_SECONDS)

    assert tries_read_in_passing() == before
