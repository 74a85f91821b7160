"""Patients: who they are, whether they may be written to, and what they were promised."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.checkins.fallbacks import fallbacks
from aftercare.clinics.dates import dated
from aftercare.clinics.models import Patient
from aftercare.console.access import RECORDERS, user_of
from aftercare.console.acts import Act, ActingAdmin
from aftercare.console.export_columns import PATIENT_COLUMNS
from aftercare.console.exporting import ExportingAdmin
from aftercare.console.importing import Importing, with_import
from aftercare.console.languages import warnings
from aftercare.console.patient_form import REPLANNED_BY, PatientForm
from aftercare.console.readdressing import has_something_to_offer, offer_of, readdress_path, readdress_url
from aftercare.console.reading_log import NEWEST, readings_shown
from aftercare.console.reading_pages import patient_readings_page
from aftercare.console.resuming import resume_act_page
from aftercare.console.saving import OneSaveButton
from aftercare.console.scoping import ScopedHistoryAdmin
from aftercare.console.session_plan import lines_of
from aftercare.console.session_starting import last_time
from aftercare.console.times import said_shortly
from aftercare.content.wording import language_of
from aftercare.outbox.models import ImportKind, ScheduledMessage, Status
from aftercare.outbox.pausing import pause_patient, resume_patient
from aftercare.outbox.replanning import replan_patient
from aftercare.treatments.models import TreatmentSession

DATES = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y")

PAUSE = Act(
    name="pause",
    title=_("Pause messages to this patient"),
    explanation=_(
        "Nothing is sent to the patient until you resume. A message whose window passes meanwhile is missed; "
        "for a safety-critical one a follow-up task is opened."
    ),
    button=_("Pause messages"),
    done=_("Messages to this patient are paused."),
    legal=lambda patient: patient.paused_at is None,
    run=lambda patient, reason, by, now: pause_patient(patient, reason=reason, by=by, now=now),
    icon="pause_circle",
)
RESUME = Act(
    name="resume",
    title=_("Resume messages to this patient"),
    explanation=_(
        "Held messages whose window is still open are sent at their time, or now if it has passed."
    ),
    button=_("Resume messages"),
    done=_("Messages to this patient are resumed."),
    legal=lambda patient: patient.paused_at is not None,
    run=lambda patient, per_minute, by, now: resume_patient(patient, by=by, now=now, per_minute=per_minute),
    icon="play_circle",
    page=resume_act_page,
)


@admin.register(Patient)
class PatientAdmin(OneSaveButton, ActingAdmin, ExportingAdmin, ScopedHistoryAdmin):
    """A clinic's patients."""

    empty_hint = _("Add a patient, or import a file of them.")
    form = PatientForm
    edit_roles = RECORDERS
    acts = (PAUSE, RESUME)
    change_form_template = "console/clinics/patient_form.html"
    list_display = ("name", "email", "born", "clinic", "consent")
    list_filter = ("clinic",)
    list_select_related = ("clinic",)
    search_fields = ("first_name", "last_name", "email", "external_id")
    search_help_text = _("Name, e-mail, birth date or external id")
    fieldsets = (
        (None, {"fields": ("clinic", ("first_name", "last_name"), "email", ("birth_date", "phone"))}),
        (
            _("Aftercare e-mail"),
            {"fields": ("agreed", ("email_consent_version", "email_consent_at"), ("locale", "time_zone"))},
        ),
        (_("Other systems"), {"fields": ("external_id",), "classes": ("collapse",)}),
    )

    export_columns = PATIENT_COLUMNS

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, with_import(self, request, extra_context))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Patient]:
        return super().get_queryset(request).select_related("clinic")

    @display(description=_("patient"), ordering="last_name")
    def name(self, patient: Patient) -> str:
        return str(patient)

    @display(description=_("birth date"), ordering="birth_date")
    def born(self, patient: Patient) -> str:
        return dated(patient.birth_date, "j M Y") if patient.birth_date else "–"

    @display(
        description=_("Aftercare e-mail"),
        label={_("Agreed"): "success", _("Not agreed: held"): "warning", _("Paused"): "warning"},
    )
    def consent(self, patient: Patient) -> str | Promise:
        if patient.paused_at:
            return _("Paused")
        return _("Agreed") if patient.consents else _("Not agreed: held")

    def choice_label(self, patient: Patient) -> str:
        """Tells two people of one name apart where a patient is chosen."""
        born = [dated(patient.birth_date, "j M Y")] if patient.birth_date else []
        return " · ".join([str(patient), *born, patient.email])

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Patient], search_term: str
    ) -> tuple[QuerySet[Patient], bool]:
        """Searches words in names and addresses, and anything that reads as a date among birth dates."""
        born = [dates for word in search_term.split() if (dates := list(_dates(word)))]
        words = [word for word in search_term.split() if not list(_dates(word))]
        for dates in born:
            queryset = queryset.filter(Q(birth_date__in=dates))
        return super().get_search_results(request, queryset, " ".join(words))

    def save_model(self, request: HttpRequest, obj: Patient, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.locale and "locale" in form.changed_data:
            _warn_of_fallbacks(request, obj)
        request.address_corrected = change and "email" in form.changed_data  # type: ignore[attr-defined]
        if change and REPLANNED_BY & set(form.changed_data):
            replan_patient(obj, by=user_of(request), now=timezone.now())
            messages.info(request, _("What is promised to this patient was planned anew."))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(partial(patient_readings_page, self))
        readings = path("<int:pk>/readings/", view, name="clinics_patient_readings")
        own = [readings, readdress_path(self), *Importing(self, ImportKind.PATIENTS).urls()]
        return [*own, *super().get_urls()]

    def response_change(self, request: HttpRequest, obj: Patient) -> HttpResponseBase:
        """After a corrected address, offers what the former one kept from the patient."""
        response = super().response_change(request, obj)
        corrected = getattr(request, "address_corrected", False)
        if corrected and "_popup" not in request.POST and has_something_to_offer(obj):
            return HttpResponseRedirect(readdress_url(obj))
        return response

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> Any:
        patient, form = kwargs.get("obj"), context["adminform"].form
        context["alike"] = [(each.pk, self.choice_label(each)) for each in getattr(form, "known", ())]
        if patient is not None:
            context.update(_promised(request, patient))
            context["may_record"] = self.has_change_permission(request, patient)
            context |= offer_of(patient) if context["may_record"] else {}
            context["last"] = last_time(request, patient.clinic, str(patient.pk))
        return super().render_change_form(request, context, **kwargs)


def _promised(request: HttpRequest, patient: Patient) -> dict[str, Any]:
    """The patient's newest sessions and messages, for the page below the form."""
    sessions = TreatmentSession.objects.for_user(request.user).filter(patient=patient)
    rows = ScheduledMessage.objects.for_user(request.user).filter(patient=patient)
    rows = rows.exclude(status=Status.SUPERSEDED)  # a newer session has their like
    related = rows.select_related("step", "patient__clinic", "session").order_by("-send_at")
    return {
        "sessions": [
            (session, said_shortly(session.ended_at, session.clinic.time_zone))
            for session in sessions.select_related("clinic", "protocol", "practitioner")[:20]
        ],
        "lines": lines_of(related[:50]),
        "readings": readings_shown(request, patient),
        "newest": NEWEST,
    }


def _dates(word: str) -> Iterator[date]:
    """The dates a word may mean: 03/04/1990 is two."""
    for form in DATES:
        try:
            yield datetime.strptime(word, form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue


def _warn_of_fallbacks(request: HttpRequest, patient: Patient) -> None:
    """What the patient will read in another language than the one just chosen."""
    language = language_of(patient.locale)
    for text in warnings(one for one in fallbacks(patient.clinic) if one.wanted == language):
        messages.warning(request, text)
