"""Protocols: a clinic's plan of messages, with its steps and restrictions."""

from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import StackedInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from aftercare.clinics.models import User
from aftercare.console.access import WRITERS
from aftercare.console.protocol_agreeing import edits_digest, is_agreed
from aftercare.console.protocol_exchange import (
    copy_page,
    export_page,
    import_page,
    library_page,
    schema_page,
)
from aftercare.console.protocol_pages import install_page, pause_page, plan_page, resume_page, shipped_for
from aftercare.console.protocol_replanning import replan
from aftercare.console.protocol_restrictions import RestrictionFormSet
from aftercare.console.protocol_steps import StepForm, StepFormSet
from aftercare.console.protocol_timeline import timeline_context, timeline_page
from aftercare.console.saving import OneSaveButton
from aftercare.console.scoping import OneClinicForm, ScopedHistoryAdmin, ScopedInline
from aftercare.protocols.models import Protocol, ProtocolStep, Restriction, Variant


class ProtocolForm(OneClinicForm):
    """A protocol with its variants as boxes to tick."""

    variants = forms.MultipleChoiceField(
        label=_("Variants"),
        choices=Variant.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("The kinds of the treatment this plan is written for. No other kind may use it."),
        error_messages={"required": _("Tick at least one.")},
    )


class StepInline(ScopedInline, StackedInline):
    model = ProtocolStep
    form = StepForm
    formset = StepFormSet
    extra = 0
    collapsible = True
    fieldsets = (
        (None, {"fields": (("number", "name"), "template", "kind")}),
        (None, {"fields": (("offset_minutes", "latest_minutes"),), "classes": ("kind-elapsed",)}),
        (
            None,
            {
                "fields": (("day", "local_time"), ("latest_day", "latest_local_time")),
                "classes": ("kind-wall_time",),
            },
        ),
        (
            None,
            {
                "fields": (
                    ("safety_critical", "quiet_exempt", "enabled", "may_be_skipped"),
                    ("late_action", "unknown_policy", "newer_session"),
                )
            },
        ),
    )


class RestrictionInline(ScopedInline, StackedInline):
    model = Restriction
    form = OneClinicForm
    extra = 0
    formset = RestrictionFormSet
    collapsible = True
    fields = (("topic", "hours_light", "hours_deeper"), ("least_hours", "most_hours"))


@admin.register(Protocol)
class ProtocolAdmin(OneSaveButton, ScopedHistoryAdmin):
    """A clinic's protocols. Steps are added once it is saved: their templates are its clinic's."""

    empty_hint = _("Add a protocol from the library, from a file, or step by step.")
    form = ProtocolForm
    edit_roles = WRITERS
    history_parts = (ProtocolStep, Restriction)
    change_form_template = "console/protocols/protocol_form.html"
    change_list_template = "console/protocols/protocol_list.html"
    list_display = ("name", "clinic", "variant_names", "step_count", "state")
    list_filter = ("clinic", "active")
    list_select_related = ("clinic",)
    ordering = ("clinic", "name")  # of the model's own none is left once the steps are counted
    search_fields = ("name", "slug")
    fields = ("clinic", "name", "slug", "variants", "active")
    prepopulated_fields = {"slug": ("name",)}

    def get_urls(self) -> list[URLPattern]:
        pages = (
            ("plan", plan_page),
            ("pause", pause_page),
            ("resume", resume_page),
            ("export", export_page),
            ("copy", copy_page),
        )
        own = [self._url(f"<int:pk>/{name}/", name, partial(view, self)) for name, view in pages]
        own += [
            self._url("import/", "import", partial(import_page, self)),
            self._url("library/", "library", require_POST(partial(library_page, self))),
            self._url("schema/", "schema", schema_page),
        ]
        timeline = require_POST(partial(timeline_page, self))
        return [
            *own,
            self._url("<int:pk>/timeline/", "timeline", timeline),
            self._url("install/", "install", require_POST(partial(install_page, self))),
            *super().get_urls(),
        ]

    def _url(self, route: str, name: str, view: Any) -> URLPattern:
        return path(route, self.admin_site.admin_view(view), name=f"protocols_protocol_{name}")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Protocol]:
        enabled = Count("steps", filter=Q(steps__enabled=True), distinct=True)
        return super().get_queryset(request).annotate(enabled_steps=enabled)

    def get_inlines(self, request: HttpRequest, obj: Protocol | None) -> list[Any]:
        return [StepInline, RestrictionInline] if obj else []

    def get_readonly_fields(self, request: HttpRequest, obj: Protocol | None = None) -> tuple[str, ...]:
        return ("clinic", "slug", "variant_names") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Protocol | None = None) -> Any:
        """Those who may not edit read the variants' names, not their codes."""
        fields = list(self.fields)
        if obj and not self.has_change_permission(request, obj):
            fields[fields.index("variants")] = "variant_names"
        return fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: Protocol | None = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def has_delete_permission(self, request: HttpRequest, obj: Protocol | None = None) -> bool:
        """A protocol is switched off, not deleted: sessions and their history lean on it."""
        return False

    @display(description=_("variants"))
    def variant_names(self, protocol: Protocol) -> str:
        return ", ".join(str(Variant(variant).label) for variant in protocol.variants)

    @display(description=_("steps"), ordering="enabled_steps")
    def step_count(self, protocol: Any) -> int:
        return protocol.enabled_steps

    @display(description=_("state"), label={_("Paused"): "warning", _("Active"): "success"})
    def state(self, protocol: Protocol) -> str | Promise:
        if protocol.paused_at:
            return _("Paused")
        return _("Active") if protocol.active else _("Switched off")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        clinics = self.editable_clinics(request)
        more = {"shipped": shipped_for(clinics), "may_import": bool(clinics)}
        return super().changelist_view(request, {**(extra_context or {}), **more})

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> Any:
        """With what saving would do to planned messages, where it waits to be agreed to."""
        inlines = (each.formset for each in context.get("inline_admin_formsets", ()))
        formsets = [each for each in inlines if isinstance(each, StepFormSet | RestrictionFormSet)]
        if asking := [each for each in formsets if each.foreseen]:
            context |= {each.asks: each.foreseen for each in asking}
            context["agreed"] = [edits_digest(each) for each in formsets if each in asking or is_agreed(each)]
        return super().render_change_form(request, context, **kwargs)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        shown = timeline_context(self.get_object(request, object_id))
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: list[Any], change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change and any(_moves_messages(formset) for formset in formsets):
            effect = replan(form.instance, by=cast(User, request.user), now=timezone.now())
            messages.info(request, str(effect))

    def response_add(
        self, request: HttpRequest, obj: Protocol, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to the steps."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(reverse("admin:protocols_protocol_change", args=[obj.pk]))


def _moves_messages(formset: BaseInlineFormSet) -> bool:
    return formset.model is ProtocolStep and formset.has_changed()
