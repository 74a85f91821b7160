"""Licence numbers that an owner entered for somebody else count; an owner's own waits to be confirmed."""

from django.db import migrations
from django.db.models import Exists, OuterRef
from django.utils import timezone


def confirm_those_of_others(apps, schema_editor):
    practitioners = apps.get_model("clinics", "Practitioner").objects.exclude(licence_number="")
    owners = apps.get_model("clinics", "Membership").objects.filter(
        role="owner", clinic=OuterRef("clinic"), user=OuterRef("user")
    )
    practitioners.filter(~Exists(owners)).update(licence_confirmed_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("clinics", "0011_licences")]

    operations = [migrations.RunPython(confirm_those_of_others, migrations.RunPython.noop)]
