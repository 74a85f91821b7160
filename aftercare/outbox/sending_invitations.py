"""An invitation as a mail, handed to the mail service while its sender waits; tried once at a time."""

import uuid
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.utils import format_datetime

from anymail.exceptions import AnymailError
from django.db import transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from aftercare.clinics.invitations import Invitation
from aftercare.outbox.channel import Channel, NobodyKnows
from aftercare.outbox.limiting import allowance, take
from aftercare.outbox.models import Attempt
from aftercare.outbox.refusing import Refused
from aftercare.outbox.wire import Mail

BETWEEN_TRIES = timedelta(minutes=2)
"""Longer than a call may take, so that two clicks are one mail."""


def send_invitation(invitation: Invitation, *, link: str, now: datetime) -> None:
    """Mails the link of an invitation whose sending was begun, from the clinic's sender.

    Not sent again by itself: a failure stays on the row. Raises Refused, with what to do.
    """
    channel = Channel()
    try:
        channel.open()
        mail = _mail(invitation, link, now)
        channel.prepare(mail, Attempt(message_id=uuid.uuid4()))
        channel.hand_over(mail)
    except (OSError, AnymailError, NobodyKnows, ValueError) as error:
        _settle(invitation, not_sent=type(error).__name__)
        raise Refused(_("The mail service did not take the invitation. Send it again later.")) from error
    finally:
        channel.close()
    _settle(invitation, sent_at=now)


@transaction.atomic
def begin_sending(invitation: Invitation, *, now: datetime) -> None:
    """Writes the try down and takes it off the limits that every mail keeps.

    Raises Refused where it may not begin; in the transaction that makes a new link, so that the one sent
    before stays good then.
    """
    rested = Q(tried_at__isnull=True) | Q(tried_at__lte=now - BETWEEN_TRIES)
    waiting = Invitation.objects.filter(pk=invitation.pk).waiting()
    if not waiting.filter(rested).update(tried_at=now, not_sent=""):
        raise Refused(_("This invitation was sent just now. Wait two minutes before you send it again."))
    allowed = allowance(Channel().name, now=now)
    if allowed.account == 0 or allowed.clinics.get(invitation.clinic_id) == 0:
        raise Refused(_("No more mails may be sent just now: a limit is reached. Try again later."))
    take(allowed, {invitation.clinic_id: 1})


def _settle(invitation: Invitation, *, sent_at: datetime | None = None, not_sent: str = "") -> None:
    invitation.refresh_from_db()
    invitation.sent_at, invitation.not_sent = sent_at, not_sent
    invitation.save(update_fields=["sent_at", "not_sent"])


def _mail(invitation: Invitation, link: str, now: datetime) -> Mail:
    """In the language of whoever invites. Raises ValueError for a bad sender."""
    clinic = invitation.clinic
    until = date_format(invitation.expires_at.astimezone(clinic.time_zone), "j F Y, H:i")
    facts = {"clinic": clinic.name, "until": f"{until} ({clinic.time_zone})", "link": link}
    text = _(
        "%(clinic)s invites you to work with it in Aftercare.\n\n"
        "Open this page to accept, until %(until)s; it works once:\n\n%(link)s\n\n"
        "If you did not expect this, ignore it, and nothing happens."
    )
    headers = {
        "Date": format_datetime(now),
        "Message-ID": f"<{uuid.uuid4()}@{clinic.sender_email.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
    }
    sender = str(Address(display_name=clinic.sender_name, addr_spec=clinic.sender_email))
    subject = _("%(clinic)s invites you") % facts
    mail = Mail(subject, text % facts, from_email=sender, to=[invitation.email], headers=headers)
    mail.boundary = uuid.uuid4().hex
    return mail
