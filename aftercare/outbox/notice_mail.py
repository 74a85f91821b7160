"""A notice as a mail, the same to the byte at every try; and whether it still makes sense to send it."""

from email.headerregistry import Address
from email.utils import format_datetime

from aftercare.followups.models import Rung
from aftercare.outbox.models import StaffNotice
from aftercare.outbox.wire import Mail


def mail_of(notice: StaffNotice) -> Mail:
    """From the clinic's own sender, whose domain the mail service knows. Raises ValueError for a bad address.

    Message-ID and Date are the notice's own at every try (RFC 5322, 3.6.4); Auto-Submitted is RFC 3834.
    """
    clinic = notice.clinic
    headers = {
        "Auto-Submitted": "auto-generated",
        "Content-Language": notice.language,
        "Date": format_datetime(notice.created_at),
        "Message-ID": f"<{notice.pk}@{clinic.sender_email.rpartition('@')[2]}>",
    }
    sender = str(Address(display_name=clinic.sender_name, addr_spec=clinic.sender_email))
    mail = Mail(notice.subject, notice.text, from_email=sender, to=[notice.recipient], headers=headers)
    mail.boundary = notice.pk.hex
    return mail


def still_needed(notice: StaffNotice) -> bool:
    """Whether one of its tasks is still open; unless it may be overdue also, whether nobody has it."""
    waiting = notice.tasks.filter(closed_at__isnull=True)
    if notice.rung not in (Rung.OVERDUE, Rung.OPENING):
        waiting = waiting.filter(claimed_by__isnull=True)
    return waiting.exists()
