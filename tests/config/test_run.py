"""``make run``: one command that starts everything, and takes everything with it when it ends."""

import fcntl
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from email import message_from_bytes, policy

import psutil
import pytest

from config.children import Child
from tests import schema
from tests.services.processes import Process, accepts_connections, free_port, wait_for

pytestmark = pytest.mark.services

RUN = [sys.executable, "-m", "config.run"]


class Running(Process):
    """``python -m config.run`` in an environment of nothing but its port and folder."""

    def until_announced(self):
        return self.until_printed("Ctrl-C stops it", seconds=300)

    def children(self):
        return psutil.Process(self.pid).children(recursive=True)

    def child(self, name):
        return next(child for child in self.children() if name in child.cmdline())


@pytest.fixture
def environ(tmp_path):
    return {"PATH": os.environ["PATH"], "AFTERCARE_VAR": str(tmp_path / "var"), "PORT": str(free_port())}


@pytest.fixture
def first_run(tmp_path, environ):
    """It finds nothing and makes everything."""
    running = Running(RUN, tmp_path / "screen.log", environ)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The folder of an earlier run, made once for all processes of the tests: every table, and the demo."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "made"
    with (shared / "made.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            make_site(tmp_path_factory.mktemp("draft")).rename(folder)
    return folder


def make_site(folder):
    schema.put_sqlite(folder / "aftercare.sqlite3")
    environ = {"PATH": os.environ["PATH"], "AFTERCARE_VAR": str(folder)}
    demo = Process([sys.executable, "-m", "manage", "demo"], folder / "demo.log", environ)
    assert demo.start().wait(seconds=120) == 0, demo.printed()
    return folder


@pytest.fixture
def run(first_run, made):
    """A run that goes on with what an earlier one made."""
    shutil.copytree(made, first_run.environ["AFTERCARE_VAR"])
    return first_run


def rows(tmp_path, query):
    with closing(sqlite3.connect(tmp_path / "var" / "aftercare.sqlite3")) as database:
        return database.execute(query).fetchall()


def all_gone(processes):
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


@pytest.mark.on_time
def test_run_sends_what_is_due_within_half_a_minute(first_run, tmp_path):
    first_run.start().until_announced()

    mails = wait_for(lambda: sorted((tmp_path / "var" / "mail").glob("*.eml")), "a mail", seconds=30)
    sent = wait_for(
        lambda: rows(tmp_path, "SELECT count(*) FROM outbox_scheduledmessage WHERE status = 'sent'")[0][0],
        "a message shown as sent",
        seconds=30,
    )

    assert sent >= 1
    assert message_from_bytes(mails[0].read_bytes(), policy=policy.default)["To"].endswith("@example.com")
    assert f"http://localhost:{first_run.environ['PORT']}" in first_run.printed()
    assert "harbour-staff" in first_run.printed()


@pytest.mark.on_time
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_stops_everything_within_ten_seconds_when_asked(run, number):
    run.start().until_announced()
    children = run.children()

    code = run.stop(number, seconds=10)

    assert code == 0
    assert len(children) >= 4
    assert all_gone(children)


def test_run_that_is_killed_leaves_nothing_behind(run):
    run.start().until_announced()
    children = run.children()

    run.send(signal.SIGKILL)

    assert wait_for(lambda: all_gone(children), "the children's end", seconds=15)


def test_run_ends_when_one_of_its_processes_does(run):
    run.start().until_announced()
    children = run.children()

    run.child("run_scheduler").kill()
    code = run.wait(seconds=15)

    assert code == 1
    assert "The scheduler process ended by itself" in run.printed()
    assert all_gone(children)


def test_log_of_the_last_run_is_kept_beside_the_new_one(tmp_path):
    for said in ("first", "second"):
        Child.start("part", [sys.executable, "-c", f"print('{said}')"], tmp_path).process.wait(timeout=20)

    assert (tmp_path / "part.log").read_text() == "second\n"
    assert (tmp_path / "part.log.1").read_text() == "first\n"


def test_run_goes_on_with_the_same_data(run, tmp_path):
    count = "SELECT count(*) FROM treatments_treatmentsession"
    before = rows(tmp_path, count)

    run.start().until_announced()

    assert rows(tmp_path, count) == before
    assert before[0][0] > 0


def test_second_run_on_the_same_folder_is_refused(run, environ, tmp_path):
    run.start().until_announced()
    second = Running(RUN, tmp_path / "second.log", environ | {"PORT": str(free_port())}).start()

    code = second.wait()

    assert code == 1
    assert "it already runs with the data in" in second.printed()
    assert accepts_connections(int(environ["PORT"]))


def test_port_in_use_is_told_in_one_line_before_anything_starts(first_run, mailbox, tmp_path):
    first_run.environ["PORT"] = str(mailbox.port)

    code = first_run.start().wait()

    assert code == 1
    assert first_run.printed().count("\n") == 1
    assert f"port {mailbox.port} cannot be used" in first_run.printed()
    assert not (tmp_path / "var" / "aftercare.sqlite3").exists()


def test_production_database_never_gets_the_demo(first_run, environ):
    production = {
        "DATABASE_URL": "postgres://aftercare@localhost/aftercare",
        "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz",
        "REDIS_URL": "redis://localhost",
        "EMAIL_URL": "smtp://localhost",
        "ALLOWED_HOSTS": "localhost",
        "SITE_URL": "http://localhost",
    }
    first_run.environ = environ | production

    code = first_run.start().wait()

    assert code == 1
    assert "DATABASE_URL is set" in first_run.printed()
