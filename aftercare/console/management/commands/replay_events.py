"""``manage.py replay_events``: judges again what mail services have reported."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from aftercare.outbox import clock
from aftercare.outbox.judging import replay
from aftercare.outbox.models import DeliveryEvent


class Command(BaseCommand):
    help = (
        "Judges delivery events again, the oldest first, for example after a defect was mended. Running it "
        "twice changes nothing; an address that staff have released stays released."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--verdict", choices=DeliveryEvent.Verdict.values, help="only those with this verdict"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        events = DeliveryEvent.objects.all()
        if options["verdict"]:
            events = events.filter(verdict=options["verdict"])
        judged = replay(events, now=clock.database_now())
        self.stdout.write(f"Judged {judged} delivery events.")
