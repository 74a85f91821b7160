"""Claimers in processes of their own never share a message, on either database."""

import os
import subprocess
import sys

import pytest
from django.db import connection

from aftercare.outbox.claiming import POSTGRESQL
from aftercare.outbox.clock import database_now
from aftercare.outbox.models import ScheduledMessage
from tests import schema
from tests.services.processes import ROOT

SHUNNED = ("hashagg", "sort", "hashjoin", "mergejoin", "material", "memoize", "indexscan", "bitmapscan")
CLAIMERS, ROUNDS, LIMIT = 4, 8, 5


def together(environ):
    """What each of several claimers, started at once, printed."""
    command = [sys.executable, "-m", "tests.engine.claimer", str(ROUNDS), str(LIMIT)]
    running = [
        subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(CLAIMERS)
    ]
    printed = [process.communicate(timeout=120)[0].split() for process in running]
    assert [process.returncode for process in running] == [0] * CLAIMERS
    return printed


@pytest.mark.services
def test_claimers_on_postgresql_share_nothing_and_leave_nothing(deployment, due):
    due(100)

    claimed = together(deployment.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"})

    everything = [each for ids in claimed for each in ids]
    assert len(everything) == len(set(everything)) == 100
    assert not ScheduledMessage.objects.filter(status="scheduled").exists()


@pytest.mark.services
def test_claimers_on_sqlite_share_nothing_and_leave_nothing(tmp_path):
    environ = {
        "PATH": os.environ["PATH"],
        "AFTERCARE_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    schema.put_sqlite(tmp_path / "aftercare.sqlite3")
    subprocess.run([sys.executable, "-m", "tests.engine.seed", "60"], env=environ, cwd=ROOT, check=True)

    claimed = together(environ)

    everything = [each for ids in claimed for each in ids]
    assert len(everything) == len(set(everything)) == 60


@pytest.mark.services
def test_claim_keeps_to_its_limit_even_under_a_plan_that_rescans(due):
    """A plain subquery with LIMIT claims far too much under a nested loop; the materialised one must not."""
    due(60)
    values = {"now": database_now(), "until": database_now(), "limit": 10}
    values |= {"limited": [], "most": [], "shut": []}

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE outbox_scheduledmessage")
        for plan in SHUNNED:
            cursor.execute(f"SET enable_{plan} = off")
        cursor.execute(POSTGRESQL, {**values, "token": "0123456789abcdef0123456789abcdef"})
        claimed = len(cursor.fetchall())
        cursor.execute("RESET ALL")

    assert claimed == 10
    assert ScheduledMessage.objects.filter(status="claimed").count() == 10
