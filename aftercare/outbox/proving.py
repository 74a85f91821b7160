"""Learning, later than the try, that the mail service has a message after all."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from aftercare.followups.opening import withdraw_tasks
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.transitions import ALLOWED, move

PROVABLE = tuple(status for status in Status if Status.SENT in ALLOWED[status] and status != Status.SENDING)
"""Not ``sending``: whoever sends it settles it."""


def prove(
    message_id: Any, *, sent_at: datetime, provider_message_id: str = "", detail: str = "", now: datetime
) -> bool:
    """Moves a message of which a copy may have left to ``sent``, because the mail service has that copy.

    Withdraws the task that asked staff about it. Returns whether it moved: not if nothing was in doubt.
    """
    with transaction.atomic():
        doubted = ScheduledMessage.objects.filter(pk=message_id, in_doubt=True, status__in=PROVABLE)
        current = doubted.select_for_update(of=("self",)).first()
        if current is None:
            return False
        fields: dict[str, Any] = {"why": Why.PROVEN, "detail": detail, "in_doubt": False, "sent_at": sent_at}
        if provider_message_id:
            fields["provider_message_id"] = provider_message_id
        moved = move(message_id, to=Status.SENT, frm=Status(current.status), now=now, **fields)
        if moved:
            withdraw_tasks(f"message:{message_id}:", outcome=_("The mail service has it."), now=now)
        return moved
