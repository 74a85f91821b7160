"""Clocks that are wrong: of the workers, which must not matter, and of the database."""

import pytest
from django.db import connection

from tests.services.clocks import skewed_clock

pytestmark = pytest.mark.services

PACE = 0.05  # seconds that the mail server takes for a message
HOUR = 3600


def test_clocks_of_workers_do_not_matter(engine, mailbox, runs):
    mailbox.delay_seconds = PACE
    for skew in (0, HOUR, -HOUR):
        engine.worker(**skewed_clock(skew))
    engine.beat()
    for run in runs("three workers, clocks an hour fast, an hour slow, right"):
        run.due(60)
        run.until_settled()
        run.judge()


@pytest.fixture
def moved(postgres, transactional_db):
    """The database on a clock that the test moves."""
    connection.close()
    postgres.restart_with_clock()
    yield postgres.set_clock
    connection.close()
    postgres.restart()


def test_databases_clock_set_forward_and_back_loses_and_doubles_nothing(moved, engine, mailbox, runs):
    """Forward, every lease ends at once, also that of the call under way."""
    mailbox.delay_seconds = PACE
    engine.worker()
    engine.beat()
    for run in runs("the database's clock an hour forward, then back"):
        run.due(40)
        for ahead in (HOUR, -HOUR):
            run.any_instant()
            moved(ahead)
        moved(0)
        run.until_settled()
        run.judge(unknown=1)
