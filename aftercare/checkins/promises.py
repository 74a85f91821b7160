"""Which promised calls other hours would break, before these are saved. Reads only."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from aftercare.checkins.models import Concern
from aftercare.clinics.duty import Duty
from aftercare.clinics.models import Clinic


@dataclass(frozen=True)
class BrokenPromise:
    """``call_before``: until when somebody is still there before the promised time; None if nobody is."""

    concern: Concern
    call_before: datetime | None


def broken_promises(clinic: Clinic, *, before: Duty, after: Duty, now: datetime) -> list[BrokenPromise]:
    """The promises still to be kept for which the new duty leaves less time than the one before."""
    open_ones = Concern.objects.filter(clinic=clinic, closed_at__isnull=True, promised_at__gt=now)
    found = []
    for concern in open_ones.select_related("patient__clinic").order_by("promised_at", "pk"):
        until = concern.promised_at or now
        had, left = (duty.last_covered(since=now, until=until) for duty in (before, after))
        if had is not None and (left is None or left < had):
            found.append(BrokenPromise(concern, left))
    return found


def digest(broken: Iterable[BrokenPromise]) -> str:
    """Of what somebody was shown: another promise, or another time to call by, makes it another."""
    shown = [(one.concern.pk, one.concern.promised_at, one.call_before) for one in broken]
    return hashlib.sha256(repr(shown).encode()).hexdigest()
