"""The form of a patient: consent is one tick, never made beforehand, at its own time unless staff say so."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from aftercare.clinics.models import Clinic, Patient
from aftercare.console.asking import change_digest, must_ask
from aftercare.console.scoping import OneClinicForm
from aftercare.console.times import WallClockField
from aftercare.outbox.foreseeing import Foreseen, foresee_patient

FIRST_WORDING = "1"
ANYWAY = "anyway"
"""The button that says that it is another person of that name or address."""
MOST_ALIKE = 5


REPLANNED_BY = frozenset({"time_zone", "agreed", "email_consent_at"})


class PatientForm(OneClinicForm):
    """A patient with consent to aftercare e-mail. Before messages move, stop or go, it asks.

    It asks, too, before somebody is added who is like a patient of the clinic: two rows of one person would
    get each message twice, and a pause of one would not stop the other.
    """

    foreseen: Foreseen | None = None
    known: Sequence[Patient] = ()
    """Whom the clinic knows already, like the one to be added."""
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
        if valid and self.instance.pk is None and ANYWAY not in self.data:
            self.known = self._alike()
        return valid and not (self.foreseen or self.known)

    def change_digest(self) -> str:
        return change_digest(self, REPLANNED_BY)

    def clean_birth_date(self) -> date | None:
        born: date | None = self.cleaned_data["birth_date"]
        if born and born > timezone.localdate():
            raise forms.ValidationError(_("That is in the future. Check the date."))
        return born

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

    def _alike(self) -> Sequence[Patient]:
        """Patients of the clinic who have the address, or the name unless another birth date."""
        given = self.cleaned_data
        named = Q(first_name__iexact=given["first_name"], last_name__iexact=given["last_name"])
        if given.get("birth_date"):
            named &= Q(birth_date=given["birth_date"]) | Q(birth_date__isnull=True)
        known = Patient.objects.filter(named | Q(email__iexact=given["email"]), clinic=given["clinic"])
        return list(known[:MOST_ALIKE])

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
