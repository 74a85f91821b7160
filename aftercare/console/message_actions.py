"""What staff may do about a message: each asks for a reason first and says afterwards what it did."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from aftercare.outbox.handling import cancel_message, confirm_arrived, send_again, send_now
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.pausing import pause_patient
from aftercare.outbox.refusing import Refused

if TYPE_CHECKING:
    from aftercare.console.outbox import ScheduledMessageAdmin

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class MessageAction:
    """A thing to do, the statuses it makes sense in, and what staff should know before."""

    label: Promise
    warning: Promise
    statuses: frozenset[Status]
    run: Callable[..., Any]
    bulk: bool = True
    danger: bool = False


def _pause(message: ScheduledMessage, **given: Any) -> Any:
    return pause_patient(message.patient, **given)


ACTIONS: Mapping[str, MessageAction] = {
    "send_now": MessageAction(
        _("Send now"),
        _(
            "It leaves as soon as the time to undo is over, whatever the time is for the patient. "
            "Its text was written for its own day: read it first."
        ),
        frozenset({Status.SCHEDULED}),
        send_now,
    ),
    "cancel": MessageAction(
        _("Cancel"),
        _("The patient will not get it. A safety message cancelled here must be told in another way."),
        frozenset({Status.SCHEDULED, Status.HELD}),
        cancel_message,
        danger=True,
    ),
    "confirm_arrived": MessageAction(
        _("It arrived"),
        _("Only when the patient has told you that it arrived."),
        frozenset({Status.UNCONFIRMED}),
        confirm_arrived,
    ),
    "send_again": MessageAction(
        _("Send again"),
        _("The patient may get it twice if an earlier copy did arrive."),
        frozenset({Status.UNCONFIRMED, Status.FAILED}),
        send_again,
    ),
    "pause_patient": MessageAction(
        _("Pause the patient's messages"),
        _("Every message to this patient waits until somebody resumes them, or until its window passes."),
        frozenset({Status.SCHEDULED, Status.HELD}),
        _pause,
        bulk=False,
    ),
}


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=forms.TextInput({"autofocus": True}),
        help_text=_("Kept with the message, with your name and the time."),
        error_messages={"required": _("Write why, in a few words.")},
    )


def offered(message: ScheduledMessage) -> list[tuple[str, MessageAction]]:
    """The actions that make sense in the message's status, with their names."""
    fitting = [(name, action) for name, action in ACTIONS.items() if message.status in action.statuses]
    if message.patient.paused_at:
        fitting = [(name, action) for name, action in fitting if name != "pause_patient"]
    return fitting


def ask_page(
    admin: "ScheduledMessageAdmin", request: HttpRequest, name: str, *, ids: list[str] | None = None
) -> HttpResponseBase:
    """Asks for the reason; acts when it is given. The ids come from the list, the address or the form."""
    action = ACTIONS.get(name)
    if action is None:
        raise Http404
    given = ids or request.POST.getlist("id") or request.GET.getlist("id") or []
    if len(given) > MOST_AT_ONCE:
        messages.error(request, _("Choose at most %s messages at once. Nothing was done.") % MOST_AT_ONCE)
        return redirect(reverse("admin:outbox_scheduledmessage_changelist"))
    chosen = _chosen(admin, request, given)
    answered = request.method == "POST" and ids is None
    form = ReasonForm(request.POST if answered else None)
    if answered and form.is_valid():
        act(request, action, chosen, reason=form.cleaned_data["reason"])
        return _back(chosen)
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": action.label,
        "action": action,
        "url": reverse("admin:outbox_scheduledmessage_ask", args=[name]),
        "fitting": [message for message in chosen if message.status in action.statuses],
        "others": [message for message in chosen if message.status not in action.statuses],
        "form": form,
    }
    return TemplateResponse(request, "console/outbox/ask.html", context)


def act(
    request: HttpRequest, action: MessageAction, chosen: Iterable[ScheduledMessage], *, reason: str
) -> None:
    """Acts on each message that is in a fitting status, and tells what was done and what was not."""
    done = 0
    for message in chosen:
        if message.status not in action.statuses:
            messages.warning(
                request, _("%s: not possible while it is “%s”.") % (message, message.get_status_display())
            )
            continue
        try:
            action.run(message, reason=reason, by=request.user, now=timezone.now())
            done += 1
        except Refused as refused:
            messages.error(request, f"{message}: {refused}")
    if done:
        said = ngettext("%(what)s: done for %(n)d message.", "%(what)s: done for %(n)d messages.", done)
        messages.success(request, said % {"what": action.label, "n": done})


def _chosen(admin: "ScheduledMessageAdmin", request: HttpRequest, ids: list[str]) -> list[ScheduledMessage]:
    """The messages by their ids. Raises Http404 or PermissionDenied if one is not the user's to act on."""
    try:
        wanted = {UUID(pk) for pk in ids}
    except ValueError:
        raise Http404 from None
    rows = list(
        admin.get_queryset(request)
        .filter(pk__in=wanted)
        .select_related("clinic", "patient__clinic", "step", "session")
    )
    if not wanted or len(rows) != len(wanted):
        raise Http404
    if not all(admin.may_act(request, message) for message in rows):
        raise PermissionDenied
    return rows


def _back(chosen: list[ScheduledMessage]) -> HttpResponseBase:
    if len(chosen) == 1:
        return redirect(reverse("admin:outbox_scheduledmessage_change", args=[chosen[0].pk]))
    return redirect(f"{reverse('admin:outbox_scheduledmessage_changelist')}?{urlencode({'o': '-4'})}")
