"""Asking somebody to work at a clinic, taking that back, and their saying yes."""

import re
import uuid
from datetime import datetime, timedelta

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from aftercare.clinics.invitations import Invitation
from aftercare.clinics.models import Clinic, Membership, Role
from aftercare.clinics.users import User

VALID_FOR = timedelta(days=7)
SALT = "aftercare.invitation"
LONGEST_REASON = 100
"""Characters of a reason that a history keeps."""
_NOT_IN_USERNAMES = re.compile(r"[^\w.@+-]")


class InvitationRefused(Exception):
    """This person may not be invited, or not by this person, or not come in this way; the text says why."""


@transaction.atomic
def invite(*, clinic: Clinic, email: str, role: str, by: User, now: datetime) -> Invitation:
    """The one waiting invitation of that address to that clinic, new or as it is.

    In another role, or after it ran out, it is renewed and links sent before open nothing. Raises
    InvitationRefused unless ``by`` is an owner of the clinic, and for somebody who is a member already.
    """
    Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
    if not may_invite(by, clinic.pk):
        raise InvitationRefused(_("Only an owner of the clinic may invite."))
    address = email.strip().lower()
    if Membership.objects.filter(clinic=clinic, user__email__iexact=address).exists():
        raise InvitationRefused(_("This person is a member of the clinic already."))
    row = Invitation.objects.filter(clinic=clinic, email=address).waiting().first()
    if row is not None and row.role == role and row.is_valid(now=now):
        return row
    row = row or Invitation(clinic=clinic, email=address)
    row.role = role
    return _renewed(row, by, now)


@transaction.atomic
def renew(invitation: Invitation, *, by: User, now: datetime) -> Invitation:
    """A waiting invitation with a new link and time to use it. Raises InvitationRefused."""
    Clinic.objects.select_for_update(no_key=True).get(pk=invitation.clinic_id)  # first, as invite does
    row = _locked(invitation)
    if not row.waits:
        raise InvitationRefused(_("This invitation has been accepted or taken back already."))
    if not may_invite(by, row.clinic_id):
        raise InvitationRefused(_("Only an owner of the clinic may invite."))
    return _renewed(row, by, now)


@transaction.atomic
def take_back(invitation: Invitation, *, now: datetime) -> Invitation:
    """Its link opens nothing any more. One that was accepted stays so."""
    row = _locked(invitation)
    if row.waits:
        row.taken_back_at = now
        row.save()
    return row


def may_invite(user: User, clinic_id: int) -> bool:
    """Owners, and superusers; there is no role above an owner's that could be given away."""
    if not user.is_active:
        return False
    return user.is_superuser or user.memberships.filter(clinic=clinic_id, role=Role.OWNER).exists()


def token_of(invitation: Invitation) -> str:
    return signing.dumps([invitation.pk, invitation.nonce.hex], salt=SALT)


def invitation_of(token: str, *, now: datetime) -> Invitation | None:
    """The invitation a link names while it may be accepted; None for any other link, whatever is wrong."""
    try:
        pk, nonce = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    row = Invitation.objects.filter(pk=pk, nonce=nonce).select_related("clinic", "invited_by").first()
    return row if row is not None and _stands(row, now) else None


def account_of(invitation: Invitation) -> User | None:
    """The account with the invited address, if there is one: nobody else may accept then."""
    return User.objects.filter(email__iexact=invitation.email).order_by("-is_active", "pk").first()


def is_invited(user: User, *, now: datetime) -> bool:
    """Whether some clinic waits for this account's yes."""
    waiting = Invitation.objects.filter(email=user.email.lower(), expires_at__gt=now).waiting()
    return bool(user.email) and waiting.exists()


@transaction.atomic
def accept(invitation: Invitation, *, user: User, now: datetime) -> Membership:
    """Makes the user a member; who is one already stays in their role. Accepting again changes nothing.

    Raises InvitationRefused if the invitation is over, or meant for another account.
    """
    row = _locked(invitation)
    if row.accepted_by_id == user.pk and (known := row.clinic.memberships.filter(user=user).first()):
        return known
    _refuse_unless_theirs(row, invitation.nonce, user, now)
    row.accepted_at, row.accepted_by = now, user
    _save_as(row, user)
    member = Membership.objects.filter(user=user, clinic=row.clinic).first()
    return member or _member(row, user)


@transaction.atomic
def join(
    invitation: Invitation, *, first_name: str, last_name: str, password: str, now: datetime
) -> Membership:
    """A new account with the invited address, and its membership. Raises InvitationRefused as accept does."""
    _locked(invitation)
    if account_of(invitation) is not None:
        raise InvitationRefused(_("There is an account with this address already. Log in with it."))
    names = {"first_name": first_name, "last_name": last_name}
    username = _free_username(invitation.email)
    user = User.objects.create_user(username, invitation.email, password, **names)
    return accept(invitation, user=user, now=now)


def _renewed(row: Invitation, by: User, now: datetime) -> Invitation:
    row.invited_by, row.invited_at, row.expires_at = by, now, now + VALID_FOR
    row.nonce, row.tried_at, row.sent_at, row.not_sent = uuid.uuid4(), row.tried_at, None, ""
    row.save()
    return row


def _refuse_unless_theirs(row: Invitation, nonce: uuid.UUID, user: User, now: datetime) -> None:
    if row.nonce != nonce or not _stands(row, now):
        raise InvitationRefused(_("This invitation is over. Ask the clinic for a new one."))
    account = account_of(row)
    if not user.is_active or account not in (None, user):
        raise InvitationRefused(_("This invitation is for another account."))


def _member(row: Invitation, user: User) -> Membership:
    """A new one, whose history says who came, and at whose invitation."""
    member = Membership(user=user, clinic=row.clinic, role=row.role)
    said = _("accepted the invitation of %(inviter)s") % {"inviter": row.invited_by}
    try:
        with transaction.atomic():
            _save_as(member, user, said)
    except IntegrityError:  # an owner made them a member at this very time
        return Membership.objects.get(user=user, clinic=row.clinic)
    return member


def _save_as(row: Model, user: User, reason: str = "") -> None:
    """Keeps the user in the history: whoever joins by a link is not logged in yet."""
    row._history_user = user  # type: ignore[attr-defined]
    row._change_reason = reason[:LONGEST_REASON] or None  # type: ignore[attr-defined]
    row.save()


def _stands(row: Invitation, now: datetime) -> bool:
    """Whether it may be accepted: also whoever invited must still be one who may."""
    by = row.invited_by
    return row.is_valid(now=now) and by is not None and may_invite(by, row.clinic_id)


def _locked(invitation: Invitation) -> Invitation:
    return Invitation.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=invitation.pk)


def _free_username(email: str) -> str:
    """The address, as far as a user name may be one; with a number where it is taken."""
    wanted = _NOT_IN_USERNAMES.sub("", email)[:140]
    taken = {
        name.lower()
        for name in User.objects.filter(username__istartswith=wanted).values_list("username", flat=True)
    }
    return next(name for n in range(len(taken) + 1) if (name := f"{wanted}{n or ''}") not in taken)
