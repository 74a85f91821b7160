"""Whose licence number counts for approvals and overrides: somebody other than its holder stands for it."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftercare.clinics.models import Practitioner
from aftercare.clinics.users import User

CHANGED = gettext_lazy("Somebody changed this practitioner meanwhile. Look again, then confirm.")
CONFIRMED = ("name", "licence_number", "user_id")
"""What a confirmation says belongs together."""


class LicenceRefused(Exception):
    """This licence number cannot be confirmed, or not by this person; the text says why."""


def lacking_licence(by: Practitioner) -> Promise | None:
    """Why the practitioner's licence number stands for no approval and no override; None if it does."""
    if not by.licence_number.strip():
        return gettext_lazy("Their licence number is needed first. An owner enters it under “Practitioners”.")
    if by.licence_confirmed_at is None:
        return gettext_lazy(
            "Somebody other than its holder must confirm this licence number first: an owner, under "
            "“Practitioners”, or whoever runs this site."
        )
    return None


def licensed(rows: QuerySet[Practitioner]) -> QuerySet[Practitioner]:
    """Those of the practitioners who are active, and whose licence number lacks nothing."""
    return rows.filter(active=True, licence_confirmed_at__isnull=False).exclude(licence_number="")


def stand_for_licence(practitioner: Practitioner, *, by: User, now: datetime) -> None:
    """Whoever enters another person's licence number stands for it; one's own waits for somebody else.

    Call it before saving a row whose name, number or log-in was changed: what was confirmed before is not
    this.
    """
    stands = practitioner.licence_number.strip() != "" and practitioner.user_id != by.pk
    practitioner.licence_confirmed_at = now if stands else None
    practitioner.licence_confirmed_by = by if stands else None


@transaction.atomic
def confirm_licence(practitioner: Practitioner, *, by: User | None, now: datetime) -> Practitioner:
    """The row with its number confirmed; one confirmed already stays as it is. Raises LicenceRefused.

    ``by`` is None for whoever runs the site, at its shell. ``practitioner`` is the row as it was read.
    """
    row = Practitioner.objects.select_for_update(of=("self",)).get(pk=practitioner.pk)
    if not row.licence_number.strip():
        raise LicenceRefused(_("There is no licence number to confirm. Enter it first."))
    if any(getattr(row, name) != getattr(practitioner, name) for name in CONFIRMED):
        raise LicenceRefused(str(CHANGED))
    if by is not None and row.user_id == by.pk:
        raise LicenceRefused(_("Your own licence number is confirmed by somebody else."))
    if row.licence_confirmed_at is None:
        row.licence_confirmed_at, row.licence_confirmed_by = now, by
        row.save(update_fields=["licence_confirmed_at", "licence_confirmed_by"])
    return row
