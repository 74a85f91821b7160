"""Resetting the second factor that somebody has lost: asked for on a page, and told to the person by mail."""

from datetime import datetime
from typing import Any

from anymail.exceptions import AnymailError
from django.core.mail import send_mail
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.models import Membership, Role, User
from aftercare.clinics.resetting import ResetRefused, has_factor, reset_second_factor
from aftercare.console.acts import Act
from aftercare.outbox.refusing import Refused


def reset_and_tell(user: User, *, by: User | None, now: datetime) -> bool:
    """Resets it and mails the person; whether they were told. Raises ResetRefused."""
    return reset_second_factor(user, by=by, now=now) and _told(user)


def _told(user: User) -> bool:
    if not user.email:
        return False
    text = gettext(
        "The second factor of your account was taken off, because somebody asked for it in your name. You "
        "were logged out everywhere.\n\nLog in with your password and add a new one now.\n\n"
        "If it was not you who asked, call the owner of your clinic at once, and change your password."
    )
    subject = gettext("Your second factor was reset")
    try:
        return bool(send_mail(subject, text, None, [user.email]))
    except (OSError, AnymailError):
        return False


def _reset(row: Any, _reason: str, by: User, now: datetime) -> None:
    try:
        told = reset_and_tell(_user_of(row), by=by, now=now)
    except ResetRefused as refused:
        raise Refused(str(refused)) from refused
    if not told:
        raise Refused(gettext("It is reset, but no mail could be sent. Tell the person yourself."))


def _user_of(row: Membership | User) -> User:
    return row if isinstance(row, User) else row.user


RESET: dict[str, Any] = {
    "name": "reset-factor",
    "title": _("Reset a lost second factor"),
    "explanation": _(
        "Passkeys, app and recovery codes of this person are taken off, and they are logged out everywhere. "
        "Until they add new ones, their password alone opens the account: whoever knows it can take the "
        "account over. Call them first, and make sure that it is they who ask. They are told by mail, and "
        "the history keeps that it was you."
    ),
    "button": _("Reset the second factor"),
    "done": _("The second factor is reset, and the person was told by mail."),
    "legal": lambda row: has_factor(_user_of(row)),
    "run": _reset,
    "asks_reason": False,
    "asks_factor": True,
    "danger": True,
    "icon": "lock_reset",
}
RESET_OF_A_MEMBER = Act(**RESET, roles=(Role.OWNER,))
RESET_OF_ANYBODY = Act(**RESET, roles=())
