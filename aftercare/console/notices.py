"""What staff were told of, and whether it got through: to be read, as the engine alone writes notices."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.console import times
from aftercare.console.access import RECORDERS
from aftercare.console.scoping import ScopedAdmin
from aftercare.outbox.models import NoticeStatus, StaffNotice

LABELS: Mapping[str, str] = {
    NoticeStatus.SCHEDULED: "info",
    NoticeStatus.SENDING: "info",
    NoticeStatus.SENT: "success",
    NoticeStatus.UNKNOWN: "warning",
    NoticeStatus.FAILED: "danger",
}


class NeedsFilter(admin.SimpleListFilter):
    """The mails that did not get through while their task is open, in one tap."""

    title = _("what it needs")
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("human", _("A human"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StaffNotice]) -> QuerySet[StaffNotice]:
        return queryset.needing_a_human() if self.value() == "human" else queryset  # type: ignore[attr-defined]


@admin.register(StaffNotice)
class StaffNoticeAdmin(ScopedAdmin):
    """Mails to a clinic's people about its tasks."""

    empty_hint = _("Mails to staff about their tasks come here.")
    view_roles = RECORDERS
    list_display = ("written", "told_as", "recipient", "shown_status", "clinic")
    list_display_links = ("written",)
    list_filter = (NeedsFilter, "status", "rung", "clinic")
    list_select_related = ("clinic",)
    search_fields = ("recipient",)
    ordering = ("-created_at",)
    actions = None
    fields = (
        ("told_as", "recipient"),
        ("status", "error", "error_detail"),
        ("written", "sent_at", "tries"),
        "of_tasks",
        "subject",
        "text",
        ("provider", "provider_message_id"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: StaffNotice | None = None) -> bool:
        return False

    @display(description=_("written"), ordering="created_at")
    def written(self, notice: StaffNotice) -> str:
        return times.here(notice.created_at, "D j M Y, H:i:s")

    @display(description=_("told as"), ordering="rung")
    def told_as(self, notice: StaffNotice) -> str:
        return notice.told_as

    @display(description=_("status"), ordering="status", label=LABELS)
    def shown_status(self, notice: StaffNotice) -> tuple[str, Any]:
        return notice.status, notice.get_status_display()

    @display(description=_("tasks"))
    def of_tasks(self, notice: StaffNotice) -> str:
        tasks = notice.tasks.select_related("patient")
        pages = [
            (reverse("admin:followups_followuptask_change", args=[task.pk]), str(task)) for task in tasks
        ]
        return format_html_join(", ", '<a href="{}">{}</a>', pages) or "–"
