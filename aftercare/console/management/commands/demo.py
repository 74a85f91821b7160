"""``manage.py demo``: two clinics to look around in, and the log-ins to do it with."""

import secrets
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from aftercare.console.demo.making import LogIn, make_demo

EMBEDDED_PASSWORD = "aftercare-demo"  # noqa: S105 - for the made-up clinics on this machine only


class Command(BaseCommand):
    help = "Makes two demo clinics with made-up people, and prints their log-ins. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--force",
            action="store_true",
            help="Make them in the database that DATABASE_URL names, with a password of their own.",
        )

    def handle(self, *, force: bool, **_options: Any) -> None:
        if not settings.EMBEDDED and not force:
            raise CommandError(
                "DATABASE_URL is set: this may be a clinic's own database. "
                "To add the demo clinics all the same, use --force."
            )
        password = EMBEDDED_PASSWORD if settings.EMBEDDED else secrets.token_urlsafe(12)
        log_ins = make_demo(password=password, now=timezone.now())
        self.stdout.write("\n".join(_table(log_ins)))
        note = "" if settings.EMBEDDED else " (for log-ins made just now; earlier ones keep theirs)"
        self.stdout.write(f"Password: {password}{note}")


def _table(log_ins: Iterable[LogIn]) -> list[str]:
    rows = [("Log-in", "Role", "Clinic", "Time zone")]
    rows += [(entry.username, entry.role, entry.clinic, entry.zone) for entry in log_ins]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
