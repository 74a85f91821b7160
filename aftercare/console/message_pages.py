"""The page of one message: the exact copy, every try, every change, and what may be done."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from aftercare.console import deliveries
from aftercare.console.frames import framed
from aftercare.console.message_actions import offered
from aftercare.console.reading_log import opened
from aftercare.console.session_plan import will_not_be_sent
from aftercare.outbox.composing import CannotCompose, Copy, NotTheCopySent, compose, reproduce
from aftercare.outbox.models import Attempt, ScheduledMessage, Status
from aftercare.outbox.reading import telling
from aftercare.outbox.reasons import sentences
from aftercare.outbox.suppressing import reasons_against

if TYPE_CHECKING:
    from aftercare.console.outbox import ScheduledMessageAdmin

LABELS: Mapping[str, str] = {
    Status.SCHEDULED: "info",
    Status.CLAIMED: "info",
    Status.SENDING: "info",
    Status.SENT: "success",
    Status.UNKNOWN: "danger",
    Status.UNCONFIRMED: "danger",
    Status.FAILED: "danger",
    Status.MISSED: "danger",
    Status.HELD: "warning",
    Status.SUPPRESSED: "warning",
}
TAGS: Mapping[str, str] = {"info": "info", "success": "good", "danger": "bad", "warning": "warn"}
WILL_BE_SENT = frozenset({Status.SCHEDULED, Status.CLAIMED, Status.HELD})


def tag_of(word: str, labels: Mapping[str, str] = LABELS) -> str:
    """The colour of a status or a delivery: the class of its label on the console's own pages."""
    return f"tag-{TAGS.get(labels.get(word, ''), 'plain')}"


def page_context(message: ScheduledMessage, *, may_act: bool) -> dict[str, Any]:
    """What the message's page shows. The copy is what left, or what would leave now."""
    attempts = list(message.attempts.order_by("number"))
    copy, trouble = shown_copy(message, attempts)
    stopped = reasons_against([message])
    return {
        "stopped": will_not_be_sent(stopped[message.pk]) if stopped else "",
        "message": message,
        "tag": tag_of(message.status),
        "delivery_tag": tag_of(message.delivery, deliveries.LABELS),
        "reports": [(event, deliveries.name_of(event)) for event in message.delivery_events.all()],
        "moved": sentences(message.moved_by),
        "zone": message.patient.zone,
        "attempts": attempts,
        "changes": message.status_changes.select_related("actor"),
        "copy": copy,
        "trouble": trouble,
        "has_left": bool(attempts),
        "will_be_sent": message.status in WILL_BE_SENT,
        "offered": offered(message) if may_act else [],
    }


def shown_copy(message: ScheduledMessage, attempts: list[Attempt]) -> tuple[Copy | None, str]:
    """The copy that left (of the try that succeeded, else the last), else a preview; or why there is none."""
    try:
        if attempts:
            return reproduce(telling(attempts)), ""
        if message.status in WILL_BE_SENT:
            return compose(message, now=timezone.now()).copy, ""
    except NotTheCopySent:
        return None, _(
            "The copy kept for this message no longer matches its seal. Tell whoever runs this site."
        )
    except CannotCompose as error:
        return None, f"{error.why.label}: {error}" if str(error) else str(error.why.label)
    return None, _("Nothing was sent.")


def copy_frame(admin: "ScheduledMessageAdmin", request: HttpRequest, pk: UUID) -> HttpResponse:
    """The HTML part alone, for the frame."""
    message = get_object_or_404(admin.get_queryset(request), pk=pk)
    opened(request, message)
    copy, _trouble = shown_copy(message, list(message.attempts.order_by("number")))
    if copy is None:
        raise Http404
    return framed(copy.html)
