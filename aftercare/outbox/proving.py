"""A report as proof that a message left of which nobody could know, so that it is never sent again."""

from datetime import datetime

from django.utils.translation import gettext as _

from aftercare.followups.opening import withdraw_tasks
from aftercare.outbox.matching import Match
from aftercare.outbox.models import Attempt, AttemptOutcome, DeliveryEvent, Status, Why
from aftercare.outbox.transitions import move

NOT_TAKEN = ("rejected", "failed")
"""The service had it and would not send it: a proof only when there was a doubt."""
SETTLED = (Status.SENT, Status.SENDING)
DOUBTED = (Status.UNKNOWN, Status.UNCONFIRMED)


def prove(event: DeliveryEvent, found: Match, *, now: datetime) -> bool:
    """Moves the message to sent, as of the try, and takes its open task back. Returns whether it moved.

    Also one that waits to be sent again, was cancelled or given up: the service's report outweighs what we
    took its answer for.
    """
    message, attempt = found.message, found.attempt
    doubted = message.in_doubt or message.status in DOUBTED
    if message.status in SETTLED or (event.event_type in NOT_TAKEN and not doubted):
        return False
    moved = move(
        message.pk,
        to=Status.SENT,
        frm=Status(message.status),
        now=now,
        why=Why.PROVEN,
        sent_at=attempt.opened_at,
        in_doubt=False,
        provider_message_id=event.provider_message_id or message.provider_message_id,
    )
    if moved:
        _settle_attempt(attempt, event)
        said = _("The mail service reported that it has the message.")
        withdraw_tasks(f"message:{message.pk}:", outcome=said, now=now)
        message.refresh_from_db(fields=["status", "why", "in_doubt", "sent_at", "provider_message_id"])
    return moved


def _settle_attempt(attempt: Attempt, event: DeliveryEvent) -> None:
    """Of this try it is known now, so that its copy is the one that is shown."""
    doubted = Attempt.objects.filter(pk=attempt.pk, outcome=AttemptOutcome.UNKNOWN)
    doubted.update(outcome=AttemptOutcome.SENT, provider_message_id=event.provider_message_id)
