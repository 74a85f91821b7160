"""The form of a patient: consent is one tick, never made beforehand, at its own time unless staff say so."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from aftercare.clinics.models import Clinic, Patient
from aftercare.console.asking import change_digest, must_ask
from aftercare.console.scoping import OneClinicForm
from aftercare.console.times import WallClockField
from aftercare.outbox.foreseeing import Foreseen, foresee_patient

FIRST_WORDING = "1"


REPLANNED_BY = frozenset({"time_zone", "agreed", "email_consent_at"})


class PatientForm(OneClinicForm):
    """A patient with consent to aftercare e-mail. Before messages move, stop or go, it asks."""

    foreseen: Foreseen | None = None
    agreed = forms.BooleanField(
        label=_("The patient agreed to aftercare e-mail"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Without it messages are held and nothing is sent."),
    )
    email_consent_version = forms.CharField(
        label=_("Wording agreed to"),
        max_length=40,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The number or name of the wording on your form."),
    )

    class Meta:
        model = Patient
        exclude = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clinic = self._clinic()
        self.fields["email_consent_at"] = WallClockField(
            label=_("Agreed at"),
            zone=clinic.time_zone if clinic else ZoneInfo(timezone.get_default_timezone_name()),
            kept=self.instance.email_consent_at,
            required=False,
            help_text=_("Empty: now."),
        )
        self.initial["agreed"] = self.instance.consents
        if not self.instance.email_consent_version:
            self.initial["email_consent_version"] = _latest_wording(clinic)

    def is_valid(self) -> bool:
        valid = super().is_valid()
        if valid and must_ask(self, REPLANNED_BY):
            self.foreseen = foresee_patient(self.instance, now=timezone.now())
        return valid and not self.foreseen

    def change_digest(self) -> str:
        return change_digest(self, REPLANNED_BY)

    def clean_email_consent_at(self) -> Any:
        given_at = self.cleaned_data["email_consent_at"]
        if given_at and given_at > timezone.now():
            raise forms.ValidationError(_("Consent cannot be given in the future."))
        return given_at

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not cleaned.get("agreed"):
            return {**cleaned, "email_consent_version": "", "email_consent_at": None}
        if not cleaned.get("email_consent_version"):
            self.add_error("email_consent_version", _("Name the wording the patient agreed to."))
        return {**cleaned, "email_consent_at": cleaned.get("email_consent_at") or timezone.now()}

    def _clinic(self) -> Clinic | None:
        """The clinic of the patient, or the one chosen so far."""
        if self.instance.clinic_id:
            return self.instance.clinic
        chosen = self.data.get(self.add_prefix("clinic")) or self.initial.get("clinic")
        field = self.fields.get("clinic")
        try:
            return field.clean(chosen) if field and chosen else None
        except forms.ValidationError:
            return None


def _latest_wording(clinic: Clinic | None) -> str:
    """The wording most recently agreed to in the clinic: most likely the one on today's form."""
    agreed = Patient.objects.filter(clinic=clinic, email_consent_at__isnull=False)
    newest = agreed.order_by("-email_consent_at").first()
    return newest.email_consent_version if newest else FIRST_WORDING
