"""``manage.py reset_second_factor``: for a superuser who has lost theirs, and whom nobody else can let in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from aftercare.clinics.models import User
from aftercare.console.accounts.resetting import reset_and_tell


class Command(BaseCommand):
    help = (
        "Takes the passkeys, app and recovery codes of an account off and ends its sessions. Until it adds "
        "new ones, its password alone logs in: make sure who asks. Safe to run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *, username: str, **_options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError("No account has this user name.")
        told = reset_and_tell(user, by=None, now=timezone.now())
        self.stdout.write(f"Account {user.pk} has no second factor now.")
        if not told:
            self.stdout.write("No mail was sent: there was nothing to reset, no address, or no mail service.")
