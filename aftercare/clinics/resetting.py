"""A second factor that its holder has lost: taken off by somebody else, so that they can add a new one."""

from datetime import datetime

import structlog
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from aftercare.clinics.history import keep
from aftercare.clinics.leaving import end_sessions
from aftercare.clinics.models import Membership, Role
from aftercare.clinics.users import User

log = structlog.get_logger(__name__)


class ResetRefused(Exception):
    """This person's second factor is not taken off by this person; the text says who does it."""


def has_factor(user: User) -> bool:
    return Authenticator.objects.filter(user=user).exists()


@transaction.atomic
def reset_second_factor(user: User, *, by: User | None, now: datetime) -> bool:
    """Takes passkeys, app and recovery codes off and ends every session; whether there was anything to take.

    Until a new one is added, the password alone logs in. The history of the account and of its memberships
    keeps it. ``by`` is None for whoever runs the site, at its shell. Raises ResetRefused unless ``by`` is a
    superuser, or an owner of the only clinic this person works at; nobody resets their own.
    """
    account = User.objects.select_for_update().get(pk=user.pk)
    if by is not None and not may_reset(account, by=by):
        raise ResetRefused(_("Whoever runs this site resets this person's second factor."))
    taken, _by_model = Authenticator.objects.filter(user=account).delete()
    if not taken:
        return False
    end_sessions(account)
    account.refresh_from_db()
    memberships = list(Membership.objects.filter(user=account))
    for rows in ([account], memberships):
        keep(rows, by=by, now=now, why=_("Second factor reset"))
    log.info("second_factor_reset", user=account.pk, by=by.pk if by else None)
    return True


def may_reset(user: User, *, by: User) -> bool:
    """A superuser for everybody else; an owner for who works at no other clinic and runs no site."""
    if by.pk == user.pk or not by.is_active:
        return False
    if by.is_superuser:
        return True
    clinics = list(Membership.objects.filter(user=user).values_list("clinic_id", flat=True)[:2])
    owned = Membership.objects.filter(user=by, role=Role.OWNER, clinic__in=clinics)
    return len(clinics) == 1 and not user.is_superuser and owned.exists()
