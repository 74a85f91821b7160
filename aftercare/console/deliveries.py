"""What mail services report: read-only, each clinic its own; what belongs to no message is for superusers."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.console import times
from aftercare.console.scoping import ScopedAdmin
from aftercare.outbox.models import Delivery, DeliveryEvent

LABELS: Mapping[str, str] = {
    Delivery.DEFERRED: "info",
    Delivery.DELIVERED: "success",
    Delivery.BOUNCED: "danger",
    Delivery.REJECTED: "danger",
    Delivery.UNSUBSCRIBED: "warning",
    Delivery.COMPLAINED: "warning",
}
NAMES: Mapping[str, Any] = {
    **{str(delivery): delivery.label for delivery in Delivery},
    Delivery.DEFERRED: _("Deferred"),
    "queued": _("Taken by the mail service"),
    "sent": _("Sent on by the mail service"),
    "failed": _("The mail service could not send it"),
    "unsubscribed": _("The patient unsubscribed"),
    "complained": _("The patient complained of spam"),
}
"""What happened, in a few words, by anymail's type."""
FOR_GOOD: Mapping[bool | None, Any] = {
    True: _("Yes: no mail can ever arrive there"),
    False: _("No: another message may arrive"),
    None: _("Not said"),
}


def name_of(event: DeliveryEvent) -> str:
    return str(NAMES.get(event.event_type, event.event_type))


@admin.register(DeliveryEvent)
class DeliveryEventAdmin(ScopedAdmin):
    """Events are written by mail services alone and judged by the engine: there is nothing to do but read."""

    empty_hint = _("What the mail service reports of your messages comes here.")
    list_display = ("happened", "shown_type", "recipient", "shown_verdict", "of_message", "provider")
    list_display_links = ("happened",)
    list_filter = ("verdict", "event_type", "permanent", "provider")
    list_select_related = ("message__step", "message__clinic")
    search_fields = ("recipient", "provider_message_id", "message_key")
    ordering = ("-received_at",)
    actions = None
    fields = (
        ("said", "shown_verdict"),
        ("happened_at", "received_at", "judged_at"),
        ("recipient", "of_message"),
        ("provider", "provider_message_id", "message_key"),
        ("for_good", "reject_reason"),
        "detail",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: DeliveryEvent | None = None) -> bool:
        return False

    @display(description=_("when"), ordering="received_at")
    def happened(self, event: DeliveryEvent) -> str:
        return times.here(event.happened_at or event.received_at, "D j M Y, H:i:s")

    @display(description=_("what happened"), ordering="event_type", label=LABELS)
    def shown_type(self, event: DeliveryEvent) -> tuple[str, str]:
        return event.event_type, name_of(event)

    @display(description=_("what happened"))
    def said(self, event: DeliveryEvent) -> str:
        return name_of(event)

    @display(description=_("for good"))
    def for_good(self, event: DeliveryEvent) -> Any:
        return FOR_GOOD[event.permanent]

    @display(description=_("verdict"), ordering="verdict")
    def shown_verdict(self, event: DeliveryEvent) -> Any:
        return event.get_verdict_display() or _("Waits to be judged")

    @display(description=_("message"))
    def of_message(self, event: DeliveryEvent) -> str:
        if event.message is None:
            return "–"
        url = reverse("admin:outbox_scheduledmessage_change", args=[event.message_id])
        return format_html('<a href="{}">{}</a>', url, event.message.step.name)
