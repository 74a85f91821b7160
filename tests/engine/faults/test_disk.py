"""A disk without room, for the mail that is kept as files and for the whole embedded set-up."""

import os
import time
from functools import partial

import pytest

from tests import schema
from tests.engine.faults.folder import EmbeddedRun, MailFolder, room
from tests.services.deployment import Deployment
from tests.services.processes import wait_for

pytestmark = pytest.mark.services

LITTLE = 4096  # bytes: less than any mail
NOTHING = 0
FULL_FOR = 5  # seconds


def test_folder_without_room_for_mail_delays_it(engine, tmp_path, runs):
    folder = MailFolder(tmp_path / "mail")
    engine.deployment.environ["EMAIL_URL"] = folder.url
    worker = engine.worker()
    engine.beat()
    for run in runs("no room for mail files", folder):
        run.due(40)
        run.any_instant()
        room([worker], LITTLE)
        run.due(10)
        wait_for(run.rows().filter(why="waiting_to_retry").exists, "a message that found no room")
        room([worker])
        run.until_settled(hurried=True)
        run.judge()


@pytest.fixture
def embedded(tmp_path):
    """The embedded set-up: SQLite, mail as files, and one process that sends."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONUNBUFFERED": "1",
        "AFTERCARE_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "tests.engine.settings",
    }
    schema.put_sqlite(tmp_path / "aftercare.sqlite3")
    running = Deployment(tmp_path, environ)
    yield running
    running.close()


def test_full_disk_of_the_embedded_set_up_delays_what_is_due(embedded, runs):
    """Then nothing can be written down either, so the message in the call may be in doubt."""
    folder = MailFolder(embedded.folder / "mail")
    loop = embedded.loop()
    for run in runs("embedded: the disk is full", folder, partial(EmbeddedRun, embedded)):
        run.due(40)
        run.any_instant()
        room([loop], NOTHING)
        time.sleep(FULL_FOR)
        room([loop])
        run.until_settled(hurried=True)
        run.expect(loop.alive(), "alive")
        run.judge(unknown=1)
