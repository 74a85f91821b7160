"""Check-ins: what patients answered, and how it was weighed. What a patient said is never changed."""

import uuid
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.checkins.concerns import all_tasks_of
from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn
from aftercare.checkins.photos import path_of
from aftercare.console.answers import answer_lines, note_lines
from aftercare.console.learning import learning_page
from aftercare.console.reading_log import opened
from aftercare.console.scoping import ScopedAdmin
from aftercare.console.times import said_shortly

LABELS = {
    Level.E.label: "danger",
    Level.A.label: "danger",
    Level.B.label: "warning",
    Level.C.label: "info",
    Level.NONE.label: "success",
}


@admin.register(CheckIn)
class CheckInAdmin(ScopedAdmin):
    """The newest first; each leads to its answers."""

    empty_hint = _("Patients' answers come here. A message asks for them if its template does.")
    edit_roles = ()
    list_display = ("patient", "shown_level", "in_words", "day", "when", "clinic", "state")
    list_display_links = ("patient",)
    list_filter = ("level", "clinic")
    list_select_related = ("clinic", "patient", "concern")
    search_fields = ("patient__first_name", "patient__last_name", "patient__email")
    ordering = ("-started_at",)
    actions = None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(partial(photo_view, self))
        learning = self.admin_site.admin_view(partial(learning_page, self))
        return [
            path("learning/", learning, name="checkins_checkin_learning"),
            path("<uuid:object_id>/photos/<int:photo>/", view, name="checkins_checkin_photo"),
            *super().get_urls(),
        ]

    @display(description=_("level"), label=LABELS, ordering="level")
    def shown_level(self, check_in: CheckIn) -> str:
        return check_in.get_level_display()

    @display(description=_("in words"), label="info")
    def in_words(self, check_in: CheckIn) -> Promise | None:
        """A mark only: what was written is read on the check-in's own page."""
        return _("Written") if check_in.note else None

    @display(description=_("begun"), ordering="started_at")
    def when(self, check_in: CheckIn) -> str:
        return said_shortly(check_in.started_at, check_in.clinic.time_zone)

    @display(description=_("state"))
    def state(self, check_in: CheckIn) -> str | Promise:
        if check_in.answered_at is None:
            return _("Not finished")
        if check_in.concern is None:
            return _("Finished")
        return _("Dealt with") if check_in.concern.closed_at else _("Needs a human")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: CheckIn | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CheckIn | None = None) -> bool:
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        check_in = self.row(request, object_id)
        context = {**self.admin_site.each_context(request), **_shown(check_in), "opts": self.opts}
        return TemplateResponse(request, "console/checkins/check_in.html", context)


def photo_view(
    model_admin: CheckInAdmin, request: HttpRequest, object_id: uuid.UUID, photo: int
) -> HttpResponseBase:
    """A patient's photo, for the clinic's own people; no browser keeps it or runs anything in it."""
    check_in = get_object_or_404(model_admin.get_queryset(request), pk=object_id)
    opened(request, check_in)
    file = path_of(get_object_or_404(check_in.photos, pk=photo))
    if not file.exists():
        raise Http404
    headers = {"Cache-Control": "private, no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return FileResponse(file.open("rb"), content_type="image/jpeg", headers=headers)


def _shown(check_in: CheckIn) -> dict[str, Any]:
    concern = check_in.concern
    return {
        "title": str(check_in.patient),
        "subtitle": check_in.get_level_display(),
        "original": check_in,
        "check_in": check_in,
        "clinic": check_in.clinic,
        "concern": concern,
        "answers": [*answer_lines(check_in), *note_lines(check_in)],
        "tasks": all_tasks_of(concern) if concern else [],
    }
