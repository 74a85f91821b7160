"""``manage.py confirm_licence``: whoever runs the site stands for a practitioner's licence number."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from aftercare.clinics.licences import LicenceRefused, confirm_licence
from aftercare.clinics.models import Practitioner


class Command(BaseCommand):
    help = (
        "Confirms a practitioner's licence number, so that its holder may approve. For a clinic whose only "
        "owner is its only clinician. Check the number with who gave it out first. Safe to run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("practitioner", type=int, help="The id at the end of the practitioner's page.")
        parser.add_argument("licence_number", help="As it was checked: another one is not confirmed.")

    def handle(self, *, practitioner: int, licence_number: str, **_options: Any) -> None:
        row = Practitioner.objects.filter(pk=practitioner).first()
        if row is None:
            raise CommandError(f"There is no practitioner {practitioner}.")
        if row.licence_number.strip() != licence_number.strip():
            raise CommandError(f"Practitioner {practitioner} has another licence number.")
        try:
            confirm_licence(row, by=None, now=timezone.now())
        except LicenceRefused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"The licence number of practitioner {practitioner} is confirmed.")
