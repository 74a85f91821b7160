"""When somebody leaves: what they may see ends at once, and so does every session they have."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from aftercare.clinics.invitations import Invitation
from aftercare.clinics.models import Membership
from aftercare.clinics.users import User


@transaction.atomic
def end_membership(membership: Membership, *, now: datetime) -> None:
    """Takes the person out of the clinic and out of every session, with the invitations they sent and have.

    Whoever goes on at another clinic logs in anew. Ending it again changes nothing but that.
    """
    waiting = Invitation.objects.filter(clinic=membership.clinic_id).waiting().select_for_update()
    for invitation in waiting.filter(invited_by=membership.user_id, expires_at__gt=now):
        invitation.expires_at = now
        invitation.save(update_fields=["expires_at"])
    for invitation in waiting.filter(email=membership.user.email.lower()).exclude(email=""):
        invitation.taken_back_at = now
        invitation.save(update_fields=["taken_back_at"])
    if membership.pk is not None:
        membership.delete()
    end_sessions(membership.user)


def end_sessions(user: User) -> None:
    """With their next request the user is logged out, on every device."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
