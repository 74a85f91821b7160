<<<<<<< HEAD
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
=======
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
>>>>>>> tracking
