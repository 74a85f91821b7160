"""What follows from a report: who may not be mailed any more, and which human must know."""

from datetime import datetime

from django.utils.translation import gettext as _

from aftercare.followups.models import Cause
from aftercare.followups.opening import open_task, withdraw_task
from aftercare.outbox.concluding import TASK_TIME
from aftercare.outbox.delivery import LOST
from aftercare.outbox.freeing import free_covered
from aftercare.outbox.models import AttemptOutcome, DeliveryEvent, ScheduledMessage, Status
from aftercare.outbox.suppressing import COMPLAINTS, suppress_after


def consequences(event: DeliveryEvent, message: ScheduledMessage, *, now: datetime) -> None:
    """Suppresses the address and opens or withdraws tasks, once for a report, in the caller's transaction."""
    consequences_for_address(event, message, now=now)
    _mind_lost(message, now)


def consequences_for_address(event: DeliveryEvent, message: ScheduledMessage, *, now: datetime) -> None:
    """Those of them that say nothing of the message, but of the address that it went to."""
    suppress_after(event, clinic=message.clinic, now=now)
    if event.event_type in COMPLAINTS:
        tell_of_unsubscribing(message, now=now)


def _mind_lost(message: ScheduledMessage, now: datetime) -> None:
    """A safety-critical message that came back needs a human, until it is delivered after all."""
    returned = message.attempts.filter(outcome=AttemptOutcome.CAME_BACK).count()
    source = f"message:{message.pk}:{Cause.BOUNCED}" + (f":{returned + 1}" if returned else "")
    if message.delivery not in LOST:
        withdraw_task(source, outcome=_("The mail service delivered it after all."), now=now)
        return
    free_covered(message, now=now)
    if message.safety_critical and message.status == Status.SENT:
        _open(message, Cause.BOUNCED, source=source, detail=message.step.name, now=now)


def tell_of_unsubscribing(message: ScheduledMessage, *, now: datetime) -> None:
    """Opens the task for the clinic, once for a message."""
    source = f"message:{message.pk}:{Cause.UNSUBSCRIBED}"
    detail = _("The patient needs the leaflet in another way.")
    _open(message, Cause.UNSUBSCRIBED, source=source, detail=detail, now=now)


def _open(message: ScheduledMessage, cause: Cause, *, source: str, detail: str, now: datetime) -> None:
    open_task(
        clinic=message.clinic,
        patient=message.patient,
        cause=cause,
        source=source,
        detail=detail,
        now=now,
        deadline_at=now + TASK_TIME,
    )
