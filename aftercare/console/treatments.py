"""Sessions: recorded on one page with the plan beside it, then shown with the messages they promised."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from aftercare.clinics.models import Practitioner
from aftercare.console.access import RECORDERS, access_of, is_id, user_of
from aftercare.console.acts import ActingAdmin
from aftercare.console.export_columns import SESSION_COLUMNS
from aftercare.console.exporting import ExportingAdmin
from aftercare.console.favourites import FAVOURITE
from aftercare.console.importing import Importing, with_import
from aftercare.console.new_patient import new_patient_view
from aftercare.console.scoping import ScopedHistoryAdmin, without_links
from aftercare.console.session_acts import UNDO, VOID
from aftercare.console.session_form import COMPLETE, SessionForm
from aftercare.console.session_inlines import AreaInline, ProductInline
from aftercare.console.session_lots import known_lots, lot_view
from aftercare.console.session_outcome import tell_outcome
from aftercare.console.session_overrides import overriders
from aftercare.console.session_page import choose_clinic_page, plan_view, session_page
from aftercare.console.session_read import READ, Overtaken, refuse_overtaken
from aftercare.console.session_starting import START, start_form
from aftercare.console.session_starts import starts_of, starts_view
from aftercare.console.session_typed import (
    CORRECTION,
    DRAFT,
    KEPT_AS,
    NEW,
    deleted_meanwhile,
    overtaken,
    typed_again,
)
from aftercare.console.times import said_shortly
from aftercare.outbox.models import ImportKind
from aftercare.outbox.planning import complete_session, refuse_stale, replan_session
from aftercare.outbox.refusing import Refused, Stale
from aftercare.treatments.models import SessionState, TreatmentSession

IDS = ("clinic", "patient")
WHO_OVERRIDES = _("You, as a practitioner whose licence number somebody else has confirmed.")
STATE_TONES = {_("Draft"): "info", _("Completed"): "success", _("Voided"): "danger"}


@admin.register(TreatmentSession)
class TreatmentSessionAdmin(ActingAdmin, ExportingAdmin, ScopedHistoryAdmin):
    """A draft is a form; a completed or voided session is a page to read, corrected on a page of its own."""

    tells_of_colleagues = False  # it has its own way
    empty_hint = _("Record a completed treatment: its messages are planned at once.")
    form = SessionForm
    edit_roles = RECORDERS
    delete_roles = RECORDERS
    export_columns = SESSION_COLUMNS
    export_prefetch = ("areas", "products")
    acts = (UNDO, FAVOURITE, VOID)
    inlines = (AreaInline, ProductInline)
    autocomplete_fields = ("patient",)
    change_form_template = "console/treatments/session_form.html"
    add_form_template = change_form_template
    list_display = ("patient", "ended", "protocol", "practitioner", "clinic", "state_name")
    list_filter = ("state", "clinic", "protocol", "practitioner")
    list_select_related = ("clinic", "patient", "protocol", "practitioner")
    search_fields = (
        "patient__first_name",
        "patient__last_name",
        "patient__email",
        "external_id",
        "cartridge_lot",
    )
    search_help_text = _("Patient, external id or cartridge lot")
    date_hierarchy = None
    fieldsets = (
        (
            None,
            {"fields": ("clinic", "patient"), "classes": ("who",)},
        ),
        (None, {"fields": (("ended_at", "practitioner"), ("protocol", "variant"))}),
        (None, {"fields": ("override_by", "override_reason"), "classes": ("override",)}),
        (None, {"fields": ("treatment_consent",), "classes": ("consent",)}),
        (
            None,
            {
                "fields": (("device", "cartridge_lot", "cartridge_expires_on"), "cartridge_note"),
                "classes": ("cartridge",),
            },
        ),
        (None, {"fields": ("recovery_note",), "classes": ("deep",)}),
        (
            _("Skin type, next visit, notes"),
            {
                "fields": (
                    ("fitzpatrick", "next_visit_on"),
                    "notes",
                    "external_id",
                ),
                "classes": ("collapse",),
            },
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        names = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("lot/", view(partial(lot_view, self)), name=f"{names}_lot"),
            path("new-patient/", view(partial(new_patient_view, self)), name=f"{names}_new_patient"),
            path("starts/", view(partial(starts_view, self)), name=f"{names}_starts"),
            path("plan/", view(require_POST(partial(plan_view, self))), name=f"{names}_plan"),
            path(
                "<path:object_id>/plan/",
                view(require_POST(partial(plan_view, self))),
                name=f"{names}_plan_of",
            ),
            path("<path:object_id>/correct/", view(self.correct_view), name=f"{names}_correct"),
            *Importing(self, ImportKind.SESSIONS).urls(),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, with_import(self, request, extra_context))

    @display(description=_("ended"), ordering="ended_at")
    def ended(self, session: TreatmentSession) -> str:
        return said_shortly(session.ended_at, session.clinic.time_zone)

    @display(description=_("state"), ordering="state", label=STATE_TONES)
    def state_name(self, session: TreatmentSession) -> str:
        return session.get_state_display()

    def has_delete_permission(self, request: HttpRequest, obj: TreatmentSession | None = None) -> bool:
        """Only a draft that never promised anything; anything else is voided."""
        if obj is not None and (obj.state != SessionState.DRAFT or obj.scheduled_messages.exists()):
            return False
        return super().has_delete_permission(request, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The clinic, and the user as the one who treats."""
        initial = super().get_changeform_initial_data(request)
        initial = {name: value for name, value in initial.items() if name not in IDS or is_id(value)}
        if "clinic" not in initial:
            return initial
        me = Practitioner.objects.filter(user=request.user.pk, active=True, clinic=int(initial["clinic"]))
        if mine := me.first():
            initial.setdefault("practitioner", mine.pk)
        return initial

    def get_readonly_fields(self, request: HttpRequest, obj: TreatmentSession | None = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        if obj is not None and obj.state == SessionState.COMPLETED:
            return (*fixed, "patient", "protocol")
        return fixed

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refused, form.access = getattr(request, "session_refused", {}), access_of(request)
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "override_by":
            kwargs["queryset"] = overriders(request)
            kwargs |= {"empty_label": _("Nobody"), "help_text": WHO_OVERRIDES}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Links away from the page would lose what was typed; only a new patient is made in place."""
        field = without_links(super().formfield_for_dbfield(db_field, request, **kwargs))
        if db_field.name == "patient" and field is not None:
            field.help_text = new_patient_link()
        return field

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        clinics = self.editable_clinics(request)
        if len(clinics) > 1 and "clinic" not in request.GET and request.method == "GET":
            return choose_clinic_page(self, request, clinics)
        return super().add_view(request, form_url, extra_context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST" and (kept := deleted_meanwhile(self, request, object_id)):
            return kept
        session = self.get_object(request, object_id)
        if session.state != SessionState.DRAFT:
            return self._moved_on(request, session)
        return super().change_view(request, object_id, form_url, extra_context)

    def _moved_on(self, request: HttpRequest, session: TreatmentSession) -> HttpResponse:
        """The session's own page; for a form that was sent, that form as what it has become."""
        if request.method != "POST" or not self.has_change_permission(request, session):
            return session_page(self, request, session)
        kept_as = request.POST.get(KEPT_AS)
        if kept_as == NEW and session.state == SessionState.VOIDED:
            return self.add_view(request)
        if kept_as == CORRECTION and session.state == SessionState.COMPLETED:
            return self.correct_view(request, str(session.pk))
        if kept_as == DRAFT and session.state == SessionState.DRAFT:
            return self.change_view(request, str(session.pk))
        return typed_again(self, request, session, session_page(self, request, session))

    def correct_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form of a completed session: saving it moves, starts or stops its messages."""
        session = self.get_object(request, object_id)
        if session.state != SessionState.COMPLETED and request.method == "POST":
            return self._moved_on(request, session)
        if session.state != SessionState.COMPLETED:
            return HttpResponseRedirect(self.row_url(session))
        if not self.has_change_permission(request, session):
            raise PermissionDenied
        return self.changeform_view(
            request, object_id, "", {"correcting": True, "title": _("Correct the session")}
        )

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> Any:
        session: Any = kwargs.get("obj")
        saved = [session.pk] if session is not None and session.pk else []
        context["plan_url"] = reverse(f"admin:{self._names()}_plan{'_of' if saved else ''}", args=saved)
        context["plan"] = (
            context["adminform"].form.plan if hasattr(context["adminform"].form, "plan") else None
        )
        context.setdefault("kept_as", request.POST.get(KEPT_AS, ""))
        context["may_override"] = overriders(request).exists()
        clinic = context["adminform"].form.clinic if hasattr(context["adminform"].form, "clinic") else None
        context["lots"] = known_lots(request, clinic) if clinic else []
        if not saved:
            context["starts"] = starts_of(request, context["adminform"].form)
        return super().render_change_form(request, context, **kwargs)

    def save_model(self, request: HttpRequest, obj: TreatmentSession, form: Any, change: bool) -> None:
        if change:
            refuse_overtaken(refuse_stale(obj), read=form.cleaned_data.get(READ, ""))
        else:
            obj.created_by = user_of(request)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: list[Any], change: bool) -> None:
        """With everything saved, in the same transaction: promises are made or brought in line."""
        super().save_related(request, form, formsets, change)
        session, now = form.instance, timezone.now()
        if session.state == SessionState.COMPLETED:
            replan_session(session, by=user_of(request), now=now)
        elif COMPLETE in request.POST:
            complete_session(session, by=user_of(request), now=now)

    def changeform_view(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> Any:
        if object_id is None and START in request.POST:
            start_form(request)
        try:
            return super().changeform_view(request, object_id, *args, **kwargs)
        except Overtaken:
            return overtaken(self, request, self.get_object(request, object_id))
        except Stale:
            if kept := deleted_meanwhile(self, request, object_id):
                return kept
            return self._moved_on(request, self.get_object(request, object_id))
        except Refused as refused:
            messages.error(request, _("Nothing was saved. %s") % refused)
            request.session_refused = refused.problems  # type: ignore[attr-defined] # read by get_form
            return super().changeform_view(request, object_id, *args, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: TreatmentSession, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._told(request, obj)

    def response_change(self, request: HttpRequest, obj: TreatmentSession) -> HttpResponse:
        return self._told(request, obj)

    def _told(self, request: HttpRequest, session: TreatmentSession) -> HttpResponse:
        tell_outcome(request, session)
        return HttpResponseRedirect(self.row_url(session))


def new_patient_link() -> str:
    """Opens a dialog that hands the new patient back to the session; without scripts, another tab."""
    return format_html(
        '<a class="button" id="add_id_patient" target="_blank" href="{}">+ {}</a>',
        reverse("admin:clinics_patient_add"),
        _("New patient"),
    )
