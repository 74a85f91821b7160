"""Follow-up tasks: what staff must do, by when; taken on, and closed with what came of it."""

import uuid
from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from aftercare.clinics.models import User
from aftercare.console.access import RECORDERS
from aftercare.console.scoping import ScopedAdmin
from aftercare.followups.closing import TaskError, claim_task, close_task
from aftercare.followups.models import FollowUpTask
from aftercare.outbox.models import ScheduledMessage
from aftercare.treatments.models import TreatmentSession

MAX_OUTCOME = 2000


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


class CloseForm(forms.Form):
    outcome = forms.CharField(
        label=_("What came of it"),
        max_length=MAX_OUTCOME,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Whom you reached, what you saw or agreed, and what happens next."),
        error_messages={
            "required": _("Write what came of it, for example whom you reached and what was agreed.")
        },
    )


@admin.register(FollowUpTask)
class FollowUpTaskAdmin(ScopedAdmin):
    """The tasks of a clinic by deadline. They are opened by the engine and never deleted."""

    edit_roles = RECORDERS
    list_display = ("cause_name", "deadline", "patient", "phone", "clinic", "taken_by")
    list_display_links = ("cause_name",)
    list_filter = (OpenFilter, "cause", "clinic")
    list_select_related = ("clinic", "patient", "claimed_by")
    search_fields = ("patient__first_name", "patient__last_name", "patient__phone", "detail")
    ordering = ("deadline_at",)
    actions = None

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(require_POST(partial(view, self))),
                name=f"followups_followuptask_{name}",
            )
            for name, view in (("claim", claim_view), ("close", close_view))
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

    @display(description=_("deadline"), ordering="deadline_at")
    def deadline(self, task: FollowUpTask) -> str:
        local = task.deadline_at.astimezone(task.clinic.time_zone)
        said = date_format(local, "D j M Y, H:i")
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
        task = self.get_object(request, object_id)
        if not self.has_view_permission(request, task):
            raise PermissionDenied
        return self.task_page(request, task, CloseForm())

    def task_page(self, request: HttpRequest, task: FollowUpTask, form: CloseForm) -> TemplateResponse:
        context = {**self.admin_site.each_context(request), **_shown(self, request, task), "close_form": form}
        return TemplateResponse(request, "console/followups/task.html", context)


def claim_view(model_admin: FollowUpTaskAdmin, request: HttpRequest, pk: int) -> HttpResponseBase:
    """Takes the task on, from somebody else if ``take_over`` says so."""
    task = _task(model_admin, request, pk)
    try:
        claim_task(
            task=task, by=cast(User, request.user), now=timezone.now(), take_over="take_over" in request.POST
        )
    except TaskError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The task is yours now."))
    return HttpResponseRedirect(_page_of(task))


def close_view(model_admin: FollowUpTaskAdmin, request: HttpRequest, pk: int) -> HttpResponseBase:
    """Closes the task with its outcome; without one, the page comes back with what was written."""
    task = _task(model_admin, request, pk)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return model_admin.task_page(request, task, form)
    try:
        close_task(
            task=task, outcome=form.cleaned_data["outcome"], by=cast(User, request.user), now=timezone.now()
        )
    except TaskError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(_page_of(task))
    messages.success(request, _("Closed."))
    return HttpResponseRedirect(reverse("admin:followups_followuptask_changelist"))


def is_overdue(task: FollowUpTask) -> bool:
    return task.closed_at is None and task.deadline_at < timezone.now()


def concerned(task: FollowUpTask) -> dict[str, Any]:
    """The message or the session that the task's source names, of the task's own clinic."""
    kind, _colon, rest = task.source.partition(":")
    wanted = rest.partition(":")[0]
    if kind == "message" and _is_uuid(wanted):
        found = ScheduledMessage.objects.filter(pk=wanted, clinic=task.clinic_id)
        message = found.select_related("step__protocol", "session__patient", "session__protocol").first()
        return {"message": message, "session": message and message.session}
    if kind == "session" and wanted.isdecimal() and len(wanted) < 19:
        return {"session": TreatmentSession.objects.filter(pk=wanted, clinic=task.clinic_id).first()}
    return {}


def _is_uuid(words: str) -> bool:
    try:
        uuid.UUID(words)
    except ValueError:
        return False
    return True


def _shown(model_admin: FollowUpTaskAdmin, request: HttpRequest, task: FollowUpTask) -> dict[str, Any]:
    return {
        "opts": model_admin.opts,
        "original": task,
        "task": task,
        "clinic": task.clinic,
        "title": task.get_cause_display(),
        "overdue": is_overdue(task),
        "may_handle": task.closed_at is None and model_admin.may_handle(request, task),
        "concerned": concerned(task),
    }


def _task(model_admin: FollowUpTaskAdmin, request: HttpRequest, pk: int) -> FollowUpTask:
    task = get_object_or_404(model_admin.get_queryset(request).select_related("clinic"), pk=pk)
    if not model_admin.may_handle(request, task):
        raise PermissionDenied
    return task


def _page_of(task: FollowUpTask) -> str:
    return reverse("admin:followups_followuptask_change", args=[task.pk])
