"""Fixtures of real servers. A run that selects a test marked ``services`` has PostgreSQL as its database."""

import os
import random

import pytest
from django.db import connection

from tests.schema import migrated_postgres
from tests.services.deployment import Deployment
from tests.services.mailbox import Mailbox
from tests.services.provider import ProviderServer
from tests.services.redis import RedisServer

# One for all the processes of a run, which are started later than this is read.
os.environ.setdefault("FAULT_SEED", str(random.randrange(1_000_000)))
HEADING = (
    f"{'fault':<56}{'runs':>5}{'due':>6}{'once':>6}{'twice':>6}{'never':>6}{'lost':>5}{'unknown':>8}"
    f"{'s/run':>7}  verdict"
)


def pytest_terminal_summary(terminalreporter):
    """What each fault cost, and what the spam filter said: told by the tests, wherever they ran."""
    reports = [report for several in terminalreporter.stats.values() for report in several]
    ended = [report for report in reports if getattr(report, "when", "") == "teardown"]
    told = [each for report in ended for each in report.user_properties]
    faults = [line for name, line in told if name == "fault"]
    if faults:
        terminalreporter.section(f"faults (seed {os.environ['FAULT_SEED']})")
        terminalreporter.write_line("\n".join([HEADING, *faults]))
    for line in (line for name, line in told if name == "spam"):
        terminalreporter.write_line(line)


def pytest_addoption(parser):
    parser.addoption(
        "--postgres", action="store_true", help="run every test on a PostgreSQL started for this run"
    )


@pytest.fixture(scope="session")
def postgres():
    server = migrated_postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_server():
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def redis(redis_server):
    """A running, empty Redis."""
    redis_server.empty()
    return redis_server


@pytest.fixture
def mailbox():
    server = Mailbox()
    yield server
    server.close()


@pytest.fixture
def provider():
    """A mail provider that speaks as Resend does."""
    server = ProviderServer("resend")
    yield server
    server.close()


@pytest.fixture
def deployment(transactional_db, redis, mailbox, tmp_path):
    """Processes on this test's database; start them with ``.worker()``, ``.beat()`` and ``.web()``."""
    running = Deployment.of(tmp_path, database_url=database_url(), redis_url=redis.url, email_url=mailbox.url)
    yield running
    running.close()


def database_url() -> str:
    """The address of the PostgreSQL database that the current test uses."""
    found = connection.settings_dict
    assert connection.vendor == "postgresql", "mark this test with pytest.mark.services"
    login = f"{found['USER']}:{found['PASSWORD']}" if found["PASSWORD"] else found["USER"]
    return f"postgres://{login}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
