"""When somebody leaves: the clinic closes to them at once, and with their last clinic every session ends."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from aftercare.clinics.invitations import Invitation
from aftercare.clinics.models import Clinic, Membership, Role
from aftercare.clinics.users import User


class LastOwner(Exception):
    """Raised where a clinic would be left without an owner; says what to do first."""


def refuse_last_owner(membership: Membership) -> None:
    """Raises LastOwner unless another owner of the clinic can log in.

    Call it in the transaction that takes the owner away: of two who go at once, the second is refused.
    """
    clinic = Clinic.objects.select_for_update().get(pk=membership.clinic_id)
    owners = Membership.objects.filter(clinic=clinic, role=Role.OWNER, user__is_active=True)
    if not owners.exclude(pk=membership.pk).exists():
        raise LastOwner(
            _("%s would be left without an owner. Make somebody else an owner first.") % clinic.name
        )


@transaction.atomic
def end_membership(membership: Membership, *, now: datetime, may_be_last: bool = False) -> None:
    """Takes the person out of the clinic, with the invitations they sent and have there.

    What a session may see is read with every request, so that whoever goes on at another clinic is not
    logged out: one clinic's owner has no say over work at another. Who belongs to none any more is, on every
    device. Ending it again changes nothing but that. Raises LastOwner for the clinic's last owner, unless it
    ``may_be_last``.
    """
    if membership.pk is not None and membership.role == Role.OWNER and not may_be_last:
        refuse_last_owner(membership)
    waiting = Invitation.objects.filter(clinic=membership.clinic_id).waiting().select_for_update()
    for invitation in waiting.filter(invited_by=membership.user_id, expires_at__gt=now):
        invitation.expires_at = now
        invitation.save(update_fields=["expires_at"])
    for invitation in waiting.filter(email=membership.user.email.lower()).exclude(email=""):
        invitation.taken_back_at = now
        invitation.save(update_fields=["taken_back_at"])
    if membership.pk is not None:
        membership.delete()
    if not Membership.objects.filter(user=membership.user_id).exists():
        end_sessions(membership.user)


def end_sessions(user: User) -> None:
    """With their next request the user is logged out, on every device."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
