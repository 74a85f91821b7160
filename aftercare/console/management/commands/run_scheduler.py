"""``manage.py run_scheduler``: sends what is due from one process, without Redis and Celery."""

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from aftercare.outbox import stopping
from aftercare.outbox.looping import Loop


class Command(BaseCommand):
    help = (
        "Sends what is due, from one process that needs neither Redis nor Celery, until SIGTERM or Ctrl-C.\n"
        "It may run beside workers and beside another of its kind: no message is sent twice for it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--standby",
            action="store_true",
            help="Work only while no tick comes through the broker: Redis, beat or the workers are away.",
        )

    def handle(self, *, standby: bool, **_options: Any) -> None:
        stopping.reset()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        Loop(standby=standby).run()


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Ends after the message in hand; a mail server that does not answer soon is hung up on, which costs this
    message its certainty (see :mod:`aftercare.outbox.overtime`).
    """
    stopping.ask()
