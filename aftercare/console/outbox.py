"""Messages: what each patient gets and when, how it went, and what staff may do about it."""

from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.console import deliveries
from aftercare.console.access import OWNERS, RECORDERS, access_of, clinic_by_clinic
from aftercare.console.day_charts import TOOK
from aftercare.console.lists import instant_of, reading_by_index
from aftercare.console.message_actions import ACTIONS, ask_page
from aftercare.console.message_pages import LABELS, copy_frame, page_context
from aftercare.console.scoping import ScopedAdmin, ScopedHistoryAdmin
from aftercare.console.session_plan import will_not_be_sent
from aftercare.console.times import said
from aftercare.outbox.delivery import LOST
from aftercare.outbox.models import ScheduledMessage, Status, Suppression
from aftercare.outbox.suppressing import reasons_against

NEEDS_A_HUMAN = Q(status__in=(Status.UNKNOWN, Status.UNCONFIRMED, Status.FAILED, Status.MISSED)) | Q(
    delivery__in=LOST
)


WEEK = timedelta(days=7)
WITHOUT_MEANING = {"p", "o", "_popup", "_to_field", "_changelist_filters"}
"""Parameters of a list that say nothing of which rows are wanted."""


class NeedsFilter(admin.SimpleListFilter):
    """The messages that went wrong, in one tap."""

    title = _("what it needs")
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        return [("human", _("A human")), ("nothing", _("Nothing"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "human":
            return queryset.filter(NEEDS_A_HUMAN)
        return queryset.exclude(NEEDS_A_HUMAN) if self.value() == "nothing" else queryset


class TimeFilter(admin.SimpleListFilter):
    """For when they were promised: unless something else is asked for, the weeks around now.

    In these words, each status by name, the index of each clinic's messages serves.
    """

    title = _("promised for")
    parameter_name = "when"
    spans: ClassVar[Mapping[str, tuple[Any, timedelta, timedelta]]] = {
        "past": (_("The last 7 days"), -WEEK, timedelta()),
        "coming": (_("The next 7 days"), timedelta(), WEEK),
    }

    def __init__(self, request: HttpRequest, params: Any, *given: Any) -> None:
        self.asked = request.method == "POST" or bool(set(request.GET) - WITHOUT_MEANING)
        super().__init__(request, params, *given)

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        return [*((name, label) for name, (label, *_span) in self.spans.items()), ("any", _("Any time"))]

    def choices(self, changelist: ChangeList) -> Any:
        first, *others = super().choices(changelist)
        label = _("Any time") if self.asked else _("A week before and after")
        yield {**first, "display": label}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.asked and self.value() not in self.spans:
            return queryset
        _label, before, after = self.spans.get(self.value() or "", ("", -WEEK, WEEK))
        now = timezone.now()
        return queryset.filter(status__in=Status.values, send_at__gte=now + before, send_at__lt=now + after)


class TookFilter(admin.SimpleListFilter):
    """How long after its promised time a message left."""

    title = _("time to leave")
    parameter_name = "took"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        return [(name, label) for name, (label, _q) in TOOK.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = TOOK.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


@admin.register(ScheduledMessage)
class ScheduledMessageAdmin(ScopedAdmin):
    """One page a message. Rows come from planning alone and are never edited, only acted upon."""

    empty_hint = _("Messages come here when a session is completed. Choose “Any time” to see older ones.")
    change_form_template = "console/outbox/message.html"
    list_display = (
        "subject_line",
        "patient",
        "shown_status",
        "shown_delivery",
        "local_time",
        "reason",
        "clinic",
    )
    list_display_links = ("subject_line",)
    list_filter = (TimeFilter, NeedsFilter, "status", "delivery", TookFilter, "clinic", "safety_critical")
    list_select_related = ("clinic", "patient__clinic", "step")
    search_fields = ("patient__first_name", "patient__last_name", "patient__email", "step__name")
    ordering = ("-send_at",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path(
                "<uuid:pk>/frame/",
                view(partial(copy_frame, self)),
                name="outbox_scheduledmessage_frame",
            ),
            path("ask/<str:name>/", view(partial(ask_page, self)), name="outbox_scheduledmessage_ask"),
        ]
        return own + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return clinic_by_clinic(access_of(request), super().get_queryset(request))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        with reading_by_index() if request.method == "GET" else nullcontext():
            return super().changelist_view(request, extra_context)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """With what a suppression will stop, of the page's rows."""
        found = super().get_changelist_instance(request)
        rows: Any = list(found.result_list)
        stopped = reasons_against(rows)
        for row in rows:
            row.stopped = will_not_be_sent(stopped[row.pk]) if row.pk in stopped else ""
        found.result_list = rows
        return found

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ScheduledMessage | None = None) -> bool:
        return False

    def may_act(self, request: HttpRequest, message: ScheduledMessage | None = None) -> bool:
        """Whether the user may act on the message, or on those of any clinic."""
        return self.may(request, RECORDERS, message)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if not self.may_act(request):
            return {}
        return {name: (_bulk, name, action.label) for name, action in ACTIONS.items() if action.bulk}

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        message = self.get_object(request, object_id)
        if request.method != "GET":
            raise PermissionDenied
        context = page_context(message, may_act=self.may_act(request, message))
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    @display(description=_("message"), ordering="step__name")
    def subject_line(self, message: ScheduledMessage) -> str:
        return message.step.name

    @display(description=_("status"), ordering="status", label=LABELS)
    def shown_status(self, message: ScheduledMessage) -> tuple[str, str]:
        return message.status, message.get_status_display()

    @display(description=_("delivery"), ordering="delivery", label=deliveries.LABELS)
    def shown_delivery(self, message: ScheduledMessage) -> tuple[str, Any]:
        return message.delivery, deliveries.NAMES.get(message.delivery, "–")

    @display(description=_("time, in the patient's zone"), ordering="send_at")
    def local_time(self, message: ScheduledMessage) -> str:
        zone = message.patient.zone
        return said(message.sent_at or message.send_at, zone)

    @display(description=_("reason"))
    def reason(self, message: ScheduledMessage) -> str:
        why = str(message.get_why_display()) if message.why else ""
        return " · ".join(each for each in (getattr(message, "stopped", ""), why) if each)


def _bulk(
    model_admin: ScheduledMessageAdmin, request: HttpRequest, queryset: QuerySet[ScheduledMessage]
) -> HttpResponseBase:
    """Asks for the reason before acting on the ticked messages."""
    ids = [str(pk) for pk in queryset.values_list("pk", flat=True)]
    return ask_page(model_admin, request, request.POST.get("action", ""), ids=ids)


@admin.register(Suppression)
class SuppressionAdmin(ScopedHistoryAdmin):
    """Addresses that must not be mailed. Staff may add one; taking one away is for the owner."""

    empty_hint = _("Addresses that bounce, complain or unsubscribe come here by themselves.")
    edit_roles = RECORDERS
    delete_roles = OWNERS
    list_display = ("email", "purpose", "reason", "clinic", instant_of("created_at", _("since")))
    list_filter = ("purpose", "clinic")
    search_fields = ("email",)

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        """It is added or taken away, never turned into another."""
        return False
