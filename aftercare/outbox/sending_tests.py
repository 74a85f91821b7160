"""A draft sent to the user who asks for it: marked as a test, within every limit, and never to a patient."""

import re
import uuid
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.utils import format_datetime
from html import escape

from anymail.exceptions import AnymailError
from django.db import transaction
from django.utils.translation import gettext as _

from aftercare.clinics.models import Clinic, User
from aftercare.content.models import TemplateVersion, TestMail
from aftercare.content.rendering import Rendered
from aftercare.outbox.channel import Channel, NobodyKnows
from aftercare.outbox.limiting import allowance, take
from aftercare.outbox.models import Attempt
from aftercare.outbox.refusing import Refused
from aftercare.outbox.wire import Mail

MOST_AN_HOUR = 10
"""Test mails a user may send themselves in an hour."""
_BODY = re.compile(r"<body[^>]*>")
_BANNER = 'style="margin:0;padding:12px 16px;background:#fde68a;color:#1f2937;font:600 15px/1.4 sans-serif"'


def send_test(version: TemplateVersion, message: Rendered, *, to: User, now: datetime) -> None:
    """Hands the filled draft to the mail service, addressed to the user alone.

    It counts towards the limits of the account and the clinic as any mail does. Raises Refused, with what to
    do: no address, too many, a limit reached, or a mail service that did not take it. Not sent again by
    itself.
    """
    if not to.email:
        raise Refused(_("Your account has no e-mail address. Whoever runs this site can enter it."))
    channel = Channel()
    _count(version, to, channel.name, now)
    try:
        channel.open()
        email = _mail(version.template.clinic, message, to.email, now)
        channel.prepare(email, Attempt(message_id=uuid.uuid4()))
        channel.hand_over(email)
    except (OSError, AnymailError, NobodyKnows, ValueError) as error:
        raise Refused(_("The mail service did not take the test. Look at Today for its state.")) from error
    finally:
        channel.close()


@transaction.atomic
def _count(version: TemplateVersion, to: User, service: str, now: datetime) -> None:
    """Takes the test off every limit before it is sent. Raises Refused where one is reached."""
    User.objects.select_for_update().get(pk=to.pk)
    sent = TestMail.objects.filter(user=to, sent_at__gt=now - timedelta(hours=1))
    if sent.count() >= MOST_AN_HOUR:
        message = _("You have sent %(count)s tests in the last hour. Wait, or look at the preview.")
        raise Refused(message % {"count": MOST_AN_HOUR})
    clinic = version.template.clinic_id
    allowed = allowance(service, now=now)
    if allowed.account == 0 or allowed.clinics.get(clinic) == 0:
        raise Refused(_("No more mails may be sent just now: a limit is reached. Try again later."))
    take(allowed, {clinic: 1})
    TestMail.objects.create(version=version, user=to, sent_at=now)


def _mail(clinic: Clinic, message: Rendered, to: str, now: datetime) -> Mail:
    """The message with its mark on the subject and above both texts. Raises ValueError for a bad sender."""
    banner = _("This is a test of a draft. No patient received it.")
    headers = {
        "Date": format_datetime(now),
        "Message-ID": f"<{uuid.uuid4()}@{clinic.sender_email.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
    }
    sender = str(Address(display_name=clinic.sender_name, addr_spec=clinic.sender_email))
    subject = _("[Test] %(subject)s") % {"subject": message.subject}
    email = Mail(subject, f"{banner}\n\n{message.text}", from_email=sender, to=[to], headers=headers)
    marked = _BODY.sub(lambda body: f"{body[0]}<p {_BANNER}>{escape(banner)}</p>", message.html, count=1)
    email.attach_alternative(marked, "text/html")
    email.boundary = uuid.uuid4().hex
    return email
