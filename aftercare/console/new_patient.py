"""A new patient without leaving the session's page: a short form in a dialog, and whom the clinic knows."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.response import TemplateResponse

from aftercare.clinics.models import Clinic, Patient
from aftercare.console.access import RECORDERS, access_of
from aftercare.console.days import DayField
from aftercare.console.patient_form import ANYWAY, PatientForm


class NewPatientForm(PatientForm):
    """What is needed to treat and write to somebody; the rest is filled in on the patient's own page."""

    class Meta:
        model = Patient
        fields = (
            "clinic",
            "first_name",
            "last_name",
            "email",
            "birth_date",
            "phone",
            "agreed",
            "email_consent_version",
            "email_consent_at",
        )
        widgets = {
            "clinic": forms.HiddenInput,
        }
        field_classes = {"birth_date": DayField}

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.clinics = access_of(request).clinics(RECORDERS)
        super().__init__(*args, **kwargs)
        self.fields["email_consent_at"].widget = forms.HiddenInput()

    def _clinic(self) -> Clinic | None:
        """Among those in which the user may add patients."""
        field = self.fields["clinic"]
        field.queryset = self.clinics  # type: ignore[attr-defined]
        return super()._clinic()


def new_patient_view(model_admin: Any, request: HttpRequest) -> HttpResponseBase:
    """The form, or whom it made as JSON: ``id`` and ``text``. One like a known patient only if asked for."""
    patients = model_admin.admin_site.get_model_admin(Patient)
    if not patients.has_add_permission(request):
        raise PermissionDenied
    if request.method != "POST":
        form = NewPatientForm(initial={"clinic": request.GET.get("clinic")}, request=request)
        return _shown(request, form)
    form = NewPatientForm(request.POST, request=request)
    if not form.is_valid():
        return _shown(request, form, [(each.pk, patients.choice_label(each)) for each in form.known])
    patient = form.save()
    patients.log_addition(request, patient, [{"added": {}}])
    return JsonResponse({"id": patient.pk, "text": patients.choice_label(patient)})


def _shown(request: HttpRequest, form: NewPatientForm, alike: Sequence[tuple[int, str]] = ()) -> HttpResponse:
    context = {"form": form, "alike": alike, "anyway": ANYWAY}
    return TemplateResponse(request, "console/treatments/new_patient.html", context)
