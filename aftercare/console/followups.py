"""Follow-up tasks: what staff must do, by when; taken on, and closed with what came of it."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from aftercare.console import times
from aftercare.console.access import RECORDERS
from aftercare.console.check_ins import LABELS
from aftercare.console.scoping import ScopedHistoryAdmin
from aftercare.console.task_pages import VIEWS, is_overdue, task_page
from aftercare.followups.levels import Level
from aftercare.followups.models import URGENT_FIRST, FollowUpTask


class OpenFilter(admin.SimpleListFilter):
    """Open tasks unless others are asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Any:
        return [("closed", _("Closed")), ("overdue", _("Overdue")), ("mine", _("Mine")), ("all", _("All"))]

    def choices(self, changelist: ChangeList) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("Open")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "all":
            return queryset
        if self.value() == "closed":
            return queryset.filter(closed_at__isnull=False)
        still_open = queryset.filter(closed_at__isnull=True)
        if self.value() == "overdue":
            return still_open.filter(deadline_at__lt=timezone.now())
        return still_open.filter(claimed_by=request.user.pk) if self.value() == "mine" else still_open


@admin.register(FollowUpTask)
class FollowUpTaskAdmin(ScopedHistoryAdmin):
    """The tasks of a clinic, what is urgent first, then by deadline.

    They are opened by the engine and never deleted.
    """

    empty_hint = _("Nothing to do. Tasks come when a message did not reach a patient, or an answer worries.")
    edit_roles = RECORDERS
    list_display = ("cause_name", "shown_level", "deadline", "patient", "phone", "clinic", "taken_by")
    list_display_links = ("cause_name",)
    list_filter = (OpenFilter, "level", "cause", "clinic")
    list_select_related = ("clinic", "patient", "claimed_by")
    search_fields = ("patient__first_name", "patient__last_name", "patient__phone", "detail")
    ordering = (URGENT_FIRST, "deadline_at")
    actions = None

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(require_POST(partial(view, self))),
                name=f"followups_followuptask_{name}",
            )
            for name, view in VIEWS.items()
        ]
        return own + super().get_urls()

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        return (*columns, "closed_at") if request.GET.get("state") in ("closed", "all") else columns

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FollowUpTask | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: FollowUpTask | None = None) -> bool:
        """A task is not edited but claimed and closed."""
        return False

    def may_handle(self, request: HttpRequest, task: FollowUpTask) -> bool:
        return super().has_change_permission(request, task)

    @display(description=_("cause"), ordering="cause")
    def cause_name(self, task: FollowUpTask) -> str:
        return task.get_cause_display()

    @display(description=_("level"), label=LABELS)
    def shown_level(self, task: FollowUpTask) -> str | Promise:
        return task.get_level_display() if task.level != Level.NONE else "–"

    @display(description=_("deadline"), ordering="deadline_at")
    def deadline(self, task: FollowUpTask) -> str:
        said = times.said(task.deadline_at, task.clinic.time_zone)
        if is_overdue(task):
            return format_html(
                '<span class="late text-red-600 dark:text-red-500">{} · {}</span>', said, _("overdue")
            )
        return said

    @display(description=_("phone"))
    def phone(self, task: FollowUpTask) -> str:
        return task.patient.phone or "–"

    @display(description=_("claimed by"), ordering="claimed_by")
    def taken_by(self, task: FollowUpTask) -> str | Promise:
        return str(task.claimed_by) if task.claimed_by else _("Nobody yet")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        task = self.row(request, object_id)
        return task_page(self, request, task)
