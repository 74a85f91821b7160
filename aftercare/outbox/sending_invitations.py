"""An invitation as a mail, handed to the mail service while its sender waits; tried once at a time."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.utils import format_datetime
from operator import itemgetter

from anymail.exceptions import AnymailError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from aftercare.clinics.dates import dated
from aftercare.clinics.invitations import Invitation
from aftercare.clinics.models import Clinic
from aftercare.clinics.places import place
from aftercare.outbox.channel import Channel, NobodyKnows
from aftercare.outbox.limiting import allowance, take
from aftercare.outbox.models import Attempt
from aftercare.outbox.refusing import Refused
from aftercare.outbox.wire import Mail

BETWEEN_TRIES = timedelta(minutes=2)
"""Longer than a call may take, so that two clicks are one mail."""
MOST_A_DAY = 40
"""Invitations a clinic may send within 24 hours: more than any clinic takes people on, and no way to write to
strangers in its name."""
DAY = timedelta(days=1)


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
    before stays good then. Of one clinic one begins at a time, so that none goes beyond the day's number.
    """
    clinic = Clinic.objects.select_for_update(no_key=True).get(pk=invitation.clinic_id)
    _refuse_beyond_the_day(clinic, now)
    rested = Q(tried_at__isnull=True) | Q(tried_at__lte=now - BETWEEN_TRIES)
    waiting = Invitation.objects.filter(pk=invitation.pk).waiting()
    if not waiting.filter(rested).update(tried_at=now, not_sent=""):
        raise Refused(_("This invitation was sent just now. Wait two minutes before you send it again."))
    allowed = allowance(Channel().name, now=now)
    if allowed.account == 0 or allowed.clinics.get(invitation.clinic_id) == 0:
        raise Refused(_("No more mails may be sent just now: a limit is reached. Try again later."))
    take(allowed, {invitation.clinic_id: 1})


def sent_within_a_day(clinics: Collection[int], *, now: datetime) -> dict[int, list[datetime]]:
    """When each of the clinics sent an invitation within the last 24 hours, or tried to; oldest first."""
    since, facts = now - DAY, ("clinic_id", "id", "tried_at")
    tries: set[tuple[int, int, datetime]] = set()
    for rows in (Invitation.objects.all(), Invitation.history.all()):
        tries.update(rows.filter(clinic__in=clinics, tried_at__gt=since).values_list(*facts))
    found: dict[int, list[datetime]] = {clinic: [] for clinic in clinics}
    for clinic, _pk, tried_at in sorted(tries, key=itemgetter(2)):
        found[clinic].append(tried_at)
    return found


def _refuse_beyond_the_day(clinic: Clinic, now: datetime) -> None:
    sent = sent_within_a_day([clinic.pk], now=now)[clinic.pk]
    if len(sent) < MOST_A_DAY:
        return
    free_at = (sent[-MOST_A_DAY] + DAY).astimezone(clinic.time_zone)
    text = _(
        "%(clinic)s has sent %(most)s invitations within 24 hours, the most there may be. The next can be "
        "sent from %(at)s (%(zone)s)."
    )
    said = dated(free_at, "j F, H:i")
    facts = {"clinic": clinic, "most": MOST_A_DAY, "at": said, "zone": place(clinic.time_zone)}
    raise Refused(text % facts)


def _settle(invitation: Invitation, *, sent_at: datetime | None = None, not_sent: str = "") -> None:
    invitation.refresh_from_db()
    invitation.sent_at, invitation.not_sent = sent_at, not_sent
    invitation.save(update_fields=["sent_at", "not_sent"])


def _mail(invitation: Invitation, link: str, now: datetime) -> Mail:
    """In the language of whoever invites. Raises ValueError for a bad sender."""
    clinic = invitation.clinic
    until = dated(invitation.expires_at.astimezone(clinic.time_zone), "j F Y, H:i")
    facts = {"clinic": clinic.name, "until": f"{until} ({place(clinic.time_zone)})", "link": link}
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
