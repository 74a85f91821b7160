"""A person's own name and address for mail, changed by themselves.

Another address counts once somebody who reads its mail, and is logged in as that person, has said yes.
"""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from aftercare.clinics.users import User

SALT = "aftercare.own-address"
LINK_LASTS = timedelta(days=3)


class AddressRefused(Exception):
    """The address does not become this person's; the text says why."""


@transaction.atomic
def rename(user: User, *, first_name: str, last_name: str) -> None:
    """Gives the account another name; the history keeps the former one."""
    account = User.objects.select_for_update().get(pk=user.pk)
    if (account.first_name, account.last_name) == (first_name, last_name):
        return
    account.first_name, account.last_name = first_name, last_name
    account.save(update_fields=["first_name", "last_name"])


def token_for(user: User, address: str) -> str:
    """What a link carries that makes ``address`` the user's: good for LINK_LASTS, and for one change."""
    return signing.dumps([user.pk, user.email, address], salt=SALT)


def address_asked(token: str, *, user: User) -> str | None:
    """The address a link is for; None for one that is used, too old, damaged, or somebody else's."""
    try:
        pk, was, address = signing.loads(token, salt=SALT, max_age=LINK_LASTS)
    except (signing.BadSignature, ValueError):
        return None
    return address if (pk, was) == (user.pk, user.email) else None


def is_taken(address: str, *, by_other_than: User) -> bool:
    """Whether another account logs in with this address."""
    return User.objects.filter(email__iexact=address).exclude(pk=by_other_than.pk).exists()


@transaction.atomic
def take_address(user: User, token: str) -> str:
    """Makes the link's address the user's, and gives the former one. Raises AddressRefused.

    A second time it is refused: the link was for the account as it stood. The history keeps both.
    """
    account = User.objects.select_for_update().get(pk=user.pk)
    address, was = address_asked(token, user=account), account.email
    if address is None:
        raise AddressRefused(_("This link is used, or older than three days. Ask for a new one."))
    if is_taken(address, by_other_than=account):
        raise AddressRefused(_("There is another account with this address. Choose another."))
    account.email = address
    account.save(update_fields=["email"])
    forget_former(account)
    return was


def forget_former(user: User) -> None:
    """After the address was changed: whoever reads the former one's mail can no longer reset the password.

    The log-in keeps addresses of its own, which it makes when a password is reset.
    """
    EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()
