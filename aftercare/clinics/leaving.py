"""When somebody leaves: what they may see ends at once, and so does every session they have."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from aftercare.clinics.invitations import Invitation
from aftercare.clinics.models import Membership
from aftercare.clinics.users import User


@transaction.atomic
def end_membership(membership: Membership, *, now: datetime) -> None:
    """Takes the person out of the clinic and out of every session; whom they invited is not let in any more.

    Whoever goes on at another clinic logs in anew. Ending it again changes nothing but that.
    """
    invited = Invitation.objects.filter(clinic=membership.clinic_id, invited_by=membership.user_id)
    for invitation in invited.waiting().filter(expires_at__gt=now):
        invitation.expires_at = now
        invitation.save()
    if membership.pk is not None:
        membership.delete()
    end_sessions(membership.user)


def end_sessions(user: User) -> None:
    """With their next request the user is logged out, on every device."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
