"""Runs Aftercare on this machine with nothing else installed: ``python -m config.run`` (``make run``).

Prepares the database and the demo clinics, starts web and scheduler, and stops both together.
"""

import fcntl
import http.client
import os
import signal
import socket
import sys
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

import django
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections

from config.children import Child, stop_all, wait_until

FIRST_PAGE_SECONDS = 60


class StopRequest:
    """Becomes true when the terminal or the system asks this process to end."""

    def __init__(self) -> None:
        self.received = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.receive)

    def receive(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True

    def __call__(self) -> bool:
        return self.received


def main() -> int:
    os.umask(0o077)  # patients' data is for this user alone
    stop_request = StopRequest()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    refuse_production()
    with take_lock(settings.AFTERCARE_VAR / "run.lock"):
        require_free_port(settings.PORT)
        log_ins = prepare()
        return 0 if stop_request() else supervise(log_ins, stop_request)


def refuse(reason: str) -> NoReturn:
    sys.exit(f"Aftercare cannot start: {reason}")


def refuse_production() -> None:
    """The demo's passwords are public knowledge, so they must never reach a clinic's own database."""
    if not settings.EMBEDDED:
        refuse(
            "DATABASE_URL is set, and this command would put demo log-ins with known passwords there. "
            "Unset it, or start web, worker and beat one by one as docker-compose.yml does."
        )


def take_lock(path: Path) -> TextIO:
    lock = path.open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        refuse(
            f"it already runs with the data in {path.parent}. For a second one, set PORT and AFTERCARE_VAR."
        )
    return lock


def require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            refuse(f"port {port} cannot be used ({error.strerror}). Choose another, e.g. PORT=8001 make run")


def prepare() -> str:
    """Brings files, database and demo clinics up to date; returns the log-ins the demo command prints."""
    print("Preparing the database and the demo clinics …", flush=True)
    printed = StringIO()
    try:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("demo", stdout=printed)
    except CommandError as error:
        refuse(str(error))
    connections.close_all()
    return printed.getvalue().strip()


def start_children() -> list[Child]:
    manage = (sys.executable, str(settings.BASE_DIR / "manage.py"))
    bind = ("--bind", f"127.0.0.1:{settings.PORT}", "--workers", "2", "--threads", "2")
    web = (
        sys.executable,
        "-m",
        "gunicorn",
        "config.wsgi",
        *bind,
        "--graceful-timeout",
        "5",
        "--no-control-socket",
    )
    commands = {"web": web, "scheduler": (*manage, "run_scheduler")}
    return [Child.start(name, command, settings.AFTERCARE_VAR / "log") for name, command in commands.items()]


def supervise(log_ins: str, stop_request: StopRequest) -> int:
    """Runs the children until asked to stop (0) or until one of them ends or no page appears (1)."""
    children = start_children()
    try:
        started = wait_until(lambda: stop_request() or first_page_answers(), children, FIRST_PAGE_SECONDS)
        if started and not stop_request():
            announce(log_ins)
            wait_until(stop_request, children)
        ended = [child for child in children if not child.alive()]
    finally:
        print("Stopping …", flush=True)
        stop_all(children)
    for child in ended:
        print(child.obituary(), file=sys.stderr)
    if not started and not ended:
        print(f"No page after {FIRST_PAGE_SECONDS} s; see {settings.AFTERCARE_VAR / 'log'}.", file=sys.stderr)
    return 0 if stop_request() and not ended else 1


def first_page_answers() -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", settings.PORT, timeout=5)
    try:
        connection.request("GET", "/admin/login/", headers={"Host": "localhost"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def announce(log_ins: str) -> None:
    mails = getattr(settings, "EMAIL_FILE_PATH", settings.EMAIL_HOST)
    lines = [
        "",
        f"Aftercare runs at {settings.SITE_URL}",
        "",
        log_ins,
        "",
        f"Mails:  {mails}",
        f"Logs:   {settings.AFTERCARE_VAR / 'log'}",
        "Ctrl-C stops it; the data stays.",
    ]
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main())
