"""Learning later than at the try that the mail service has a message, so that it never goes again."""

from datetime import datetime

from django.utils.translation import gettext as _

from aftercare.followups.opening import withdraw_tasks
from aftercare.outbox.models import Attempt, AttemptOutcome, ScheduledMessage, Status, Why
from aftercare.outbox.transitions import move

SETTLED = (Status.SENT, Status.SENDING)
"""What is being sent is settled by whoever sends it."""


def prove(
    message: ScheduledMessage, attempt: Attempt, *, provider_message_id: str = "", now: datetime
) -> bool:
    """Moves the message to sent, as of that try, and takes its open task back. Returns whether it moved.

    Also one that waits to be sent again, was cancelled or given up: what the service says later outweighs
    what we took its answer for. ``message`` is as it is stored now.
    """
    if message.status in SETTLED:
        return False
    moved = move(
        message.pk,
        to=Status.SENT,
        frm=Status(message.status),
        now=now,
        why=Why.PROVEN,
        sent_at=attempt.opened_at,
        in_doubt=False,
        provider_message_id=provider_message_id or message.provider_message_id,
    )
    if moved:
        # Of this try it is known now, so that its copy is the one that is shown.
        doubted = Attempt.objects.filter(pk=attempt.pk, outcome=AttemptOutcome.UNKNOWN)
        doubted.update(outcome=AttemptOutcome.SENT, provider_message_id=provider_message_id)
        said = _("The mail service reported that it has the message.")
        withdraw_tasks(f"message:{message.pk}:", outcome=said, now=now)
        message.refresh_from_db(fields=["status", "why", "in_doubt", "sent_at", "provider_message_id"])
    return moved
