"""After a clinic's hours have changed: who comes on duty sooner is told sooner of what came at night."""

from datetime import datetime

from django.db import transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce, Least

from aftercare.clinics.hours import duty_of
from aftercare.clinics.models import Clinic
from aftercare.followups.models import FollowUpTask


@transaction.atomic
def bring_openings_forward(clinic: Clinic, *, now: datetime) -> int:
    """Those on duty by the stored hours are told at once of what nobody has taken on.

    Where nobody is, the next opening counts if it comes sooner than the one that was known. Returns of how
    many tasks somebody is told sooner.
    """
    duty = duty_of(clinic)
    opening_at = now if duty.covers(now) else duty.next_start(now)
    if opening_at is None:
        return 0
    waiting = FollowUpTask.objects.filter(
        clinic=clinic, closed_at__isnull=True, claimed_by__isnull=True, opening_at__gt=opening_at
    )
    at = Value(opening_at, DateTimeField())
    return waiting.update(opening_at=at, tell_at=Least(Coalesce("tell_at", at), at))
