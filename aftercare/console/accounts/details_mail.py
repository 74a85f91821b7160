"""Mails about one's own address: the new one must answer, and the former one is told."""

from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils.translation import gettext as _

from aftercare.clinics.own_details import is_taken, token_for
from aftercare.clinics.users import User


def ask_at(address: str, *, user: User) -> bool:
    """Mails the new address; whether a mail left.

    Where another account has it, its owner learns so there, and nobody learns it from the page.
    """
    if is_taken(address, by_other_than=user):
        text = _(
            "Somebody with another account at Aftercare asked to use this address for it. An account has "
            "this address already, so nothing was changed. If it was you, log in with that account."
        )
        return _sent(_("This address has an account"), text, address)
    link = f"{settings.SITE_URL}{reverse('account_address', args=[token_for(user, address)])}"
    text = _(
        "To have the mails of your account at Aftercare sent here, open this link within three days, where "
        "you are logged in:\n\n%(link)s\n\nIf you did not ask for it, do nothing."
    )
    return _sent(_("Use this address for your account"), text % {"link": link}, address)


def tell_former(address: str) -> None:
    """Tells the former address, if there was one. The change stands whether or not this mail leaves."""
    text = _(
        "Mails about your account at Aftercare go to another address from now on, and no longer here.\n\n"
        "If it was not you who changed that, call the owner of your clinic at once, and change your password."
    )
    if address:
        _sent(_("The address of your account was changed"), text, address)


def _sent(subject: str, text: str, to: str) -> bool:
    try:
        return bool(send_mail(subject, text, None, [to]))
    except (OSError, AnymailError):
        return False
