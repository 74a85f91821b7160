"""The form of a treatment session: enough for a draft, or all that is needed to make promises."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.models import Clinic
from aftercare.clinics.places import place
from aftercare.console.access import is_id
from aftercare.console.scoping import OneClinicForm
from aftercare.console.session_lots import LONGEST_SCAN, read_lot
from aftercare.console.session_overrides import OverrideFields
from aftercare.console.session_plan import Plan, plan_of
from aftercare.console.session_read import READ, ReadField, digest_of
from aftercare.console.session_starting import START
from aftercare.console.times import WallClockField, just_now
from aftercare.protocols.models import Variant
from aftercare.treatments.completing import Problems, completion_problems
from aftercare.treatments.models import ProductApplied, SessionState, Site, TreatedArea, TreatmentSession
from aftercare.treatments.screening import QUESTIONS, Answer, Weight, questions_for

COMPLETE = "_complete"
SHOW_PLAN = "_plan"
PLAN_SEEN = "plan_seen"
ANSWERS: tuple[tuple[str, Promise], ...] = (
    (Answer.NO.value, _("No")),
    (Answer.YES.value, _("Yes")),
    (Answer.UNKNOWN.value, _("Not known")),
)
LIMITED_TO_CLINIC = ("patient", "practitioner", "protocol", "override_by")
#: What is wrong even in a draft; the rest may wait until the session is completed.
WRONG_IN_DRAFTS = {"ended_at", "override_by"}


LACKING_PROTOCOL = _("The clinic has no protocol in use. Install or activate one under “Protocols” first.")
LACKING_PRACTITIONER = _(
    "The clinic has no active practitioner. Its owner adds one under “Practitioners” first."
)


@dataclass(frozen=True)
class ScreeningRow:
    """One question on the page: for which variants it is asked, and in which of them a yes stops."""

    field: forms.BoundField
    label: Promise
    asked_in: str
    stops_in: str
    asked_now: bool
    stops_now: bool


class SessionForm(OverrideFields, OneClinicForm):
    """A session with its screening answers. ``areas``, ``screening`` and the like only carry messages."""

    refused: Problems = {}
    """Why nothing was saved of the form when it was sent before."""
    _scanned_expiry: date | None = None
    # Each gathers the errors of a part of the page, which has its name as its id.
    areas = forms.Field(label=_("Treated areas"), required=False, widget=forms.HiddenInput)
    screening = forms.Field(label=_("Screening"), required=False, widget=forms.HiddenInput)
    waits = forms.Field(
        label=_("Change the aftercare of this session"), required=False, widget=forms.HiddenInput
    )
    read = ReadField()
    skipped_steps = forms.Field(label=_("Skipped steps"), required=False, widget=forms.HiddenInput)

    class Meta:
        model = TreatmentSession
        exclude = ("screening",)

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(_readable(data), *args, **kwargs)
        self.now = timezone.now()
        if self.instance.pk and not self.is_bound:
            self.initial[READ] = digest_of(self.instance)
        self.clinic = self._clinic()
        self.plan: Plan | None = None
        self._ask_for_end()
        self._ask_for_lot()
        self._ask_screening()
        self.add_override_fields()
        self._limit_choices()
        if self.clinic and "clinic" in self.fields:
            self.fields["clinic"].widget = forms.HiddenInput()

    @property
    def completing(self) -> bool:
        """Whether saving keeps or makes promises, so that nothing may be missing."""
        return COMPLETE in self.data or self.instance.state == SessionState.COMPLETED

    @property
    def variant(self) -> str:
        """The variant chosen so far."""
        chosen = self.data.get(self.add_prefix("variant")) or self.initial.get("variant")
        return chosen if chosen in Variant.values else Variant.STANDARD.value

    def is_valid(self) -> bool:
        """A form that was only filled in is not to be saved."""
        return super().is_valid() and START not in self.data

    def full_clean(self) -> None:
        """Of a form that was only filled in, nothing is called wrong yet."""
        super().full_clean()
        if START in self.data:
            self._errors = ErrorDict()

    def lacking(self) -> list[Promise]:
        """What the clinic must set up before a session can be recorded."""
        rows = {"protocol": LACKING_PROTOCOL, "practitioner": LACKING_PRACTITIONER}
        return [text for name, text in rows.items() if name in self.fields and not self._offers(name)]

    def _offers(self, name: str) -> bool:
        rows = getattr(self.fields[name], "queryset", None)
        return rows is None or rows.exists()

    def screening_rows(self) -> Iterator[ScreeningRow]:
        """Each question once, in the order of the list."""
        codes = dict.fromkeys(question.code for question in QUESTIONS)
        return (self._screening_row(code) for code in codes)

    def session_areas(self) -> list[TreatedArea]:
        """The treated areas on the page that can be read, as they would be saved."""
        return self._rows_of("areas", AREAS)

    def treatment(self) -> TreatmentSession:
        """The session with its areas and products as they would be saved; a new one has the id 0."""
        found = copy(self.instance)
        found.pk = found.pk or 0  # without an id Django lets nobody ask for its areas
        rows = {"areas": self.session_areas(), "products": self._rows_of("products", PRODUCTS)}
        shown = {name: typed for name, typed in rows.items() if typed or f"{name}-TOTAL_FORMS" in self.data}
        found._prefetched_objects_cache = shown if self.instance.pk else rows  # type: ignore[attr-defined]
        return found

    def _rows_of(self, prefix: str, formset: Any) -> list[Any]:
        rows = formset(self.data, instance=self.instance, prefix=prefix)
        if not rows.management_form.is_valid():
            return []
        shown: list[Any] = rows.forms
        kept = [form for form in shown if form.has_changed() or form.instance.pk]
        return [form.instance for form in kept if form.is_valid() and not form.cleaned_data.get("DELETE")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        answers = {question.code: cleaned.get(f"screening_{question.code}") for question in QUESTIONS}
        self.instance.screening = {code: answer for code, answer in answers.items() if answer}
        self.read_overrides(cleaned)
        return cleaned

    def clean_cartridge_lot(self) -> str:
        """The lot as typed, or out of the package's code, whose expiry is taken where none was typed."""
        field = TreatmentSession._meta.get_field("cartridge_lot")
        lot, self._scanned_expiry = read_lot(self.cleaned_data["cartridge_lot"], today=self.now.date())
        if len(lot) > (longest := field.max_length or 0):
            raise forms.ValidationError(_("A lot has at most %s characters.") % longest)
        return lot

    def clean_cartridge_expires_on(self) -> date | None:
        return self.cleaned_data["cartridge_expires_on"] or self._scanned_expiry

    def problems(self) -> dict[str, list[str]]:
        """What keeps the session from being completed, by field."""
        return completion_problems(self.instance, areas=self.session_areas(), now=self.now)

    def _post_clean(self) -> None:
        """With the instance filled in: what is wrong, and whether the new plan has been looked at."""
        super()._post_clean()  # type: ignore[misc]
        for name, texts in self.refused.items():
            self.add_error(name if name in self.fields else None, [str(text) for text in texts])
        for name, texts in self.problems().items():
            if (self.completing or name in WRONG_IN_DRAFTS) and not self.has_error(name):
                self.add_error(name if name in self.fields else None, [str(text) for text in texts])
        if SHOW_PLAN in self.data:
            self._show_plan(_("This is the plan as it stands. Nothing is saved yet."))
        elif not self.errors and self.instance.state == SessionState.COMPLETED:
            self._ask_to_look_at_changes()

    def _ask_to_look_at_changes(self) -> None:
        plan = plan_of(self, now=self.now)
        if plan.changes_something and self.data.get(PLAN_SEEN) != plan.digest:
            self._show_plan(_("Saving changes the messages below. Look at the plan, then save again."))

    def _show_plan(self, text: Promise) -> None:
        self.plan = plan_of(self, now=self.now)
        self.add_error(None, forms.ValidationError(str(text), code="plan"))

    def _clinic(self) -> Clinic | None:
        """The clinic of the session, or the one chosen so far."""
        if self.instance.clinic_id:
            return self.instance.clinic
        field = self.fields.get("clinic")
        chosen = self.data.get(self.add_prefix("clinic")) or self.initial.get("clinic")
        try:
            return field.clean(chosen) if field and chosen else None
        except forms.ValidationError:
            return None

    def _ask_for_end(self) -> None:
        zone = self.clinic.time_zone if self.clinic else ZoneInfo(timezone.get_default_timezone_name())
        label = _("Treatment ended at (%(place)s)") % {"place": place(zone)}
        kept = self.instance.ended_at
        self.fields["ended_at"] = WallClockField(zone=zone, kept=kept, label=label, help_text=" ")
        if not self.instance.pk:
            self.initial.setdefault("ended_at", just_now(self.now))

    def _ask_for_lot(self) -> None:
        """Room for the whole code of a package, as a scanner types it."""
        lot, expiry = self.fields.get("cartridge_lot"), self.fields.get("cartridge_expires_on")
        if lot is None or expiry is None:  # of somebody who only reads
            return
        self.fields["cartridge_lot"] = forms.CharField(
            max_length=LONGEST_SCAN, required=False, label=lot.label, widget=lot.widget
        )
        lot.widget.attrs |= {"maxlength": LONGEST_SCAN, "list": "lots", "autocomplete": "off"}

    def _ask_screening(self) -> None:
        for question in QUESTIONS:
            self.fields[f"screening_{question.code}"] = forms.ChoiceField(
                choices=ANSWERS, required=False, label=str(question.label), widget=forms.RadioSelect
            )
            answer = (self.instance.screening or {}).get(question.code)
            self.initial.setdefault(f"screening_{question.code}", answer)

    def _limit_choices(self) -> None:
        """Offers the chosen clinic's rows only; where there is one, it is chosen."""
        for name in LIMITED_TO_CLINIC:
            field = self.fields.get(name)
            if self.clinic is None or not isinstance(field, forms.ModelChoiceField) or field.queryset is None:
                continue
            field.queryset = field.queryset.filter(clinic=self.clinic)
            field.error_messages["invalid_choice"] = _("Choose one of %s.") % self.clinic
            if name in ("practitioner", "protocol"):
                self._offer_active(name, field)

    def _offer_active(self, name: str, field: forms.ModelChoiceField) -> None:
        rows: QuerySet[Any] = field.queryset  # type: ignore[assignment]
        active = rows.filter(active=True)
        field.queryset = active | rows.filter(pk=getattr(self.instance, f"{name}_id"))
        if len(only := active[:2]) == 1:
            self.initial.setdefault(name, only[0].pk)

    def _screening_row(self, code: str) -> ScreeningRow:
        asked = [question for question in QUESTIONS if question.code == code]
        stops = [question for question in asked if question.weight is Weight.STOP]
        now = {question.code: question for question in questions_for(self.variant)}.get(code)
        return ScreeningRow(
            field=self[f"screening_{code}"],
            label=asked[0].label,
            asked_in=" ".join(sorted(variant for question in asked for variant in question.variants)),
            stops_in=" ".join(sorted(variant for question in stops for variant in question.variants)),
            asked_now=now is not None,
            stops_now=now is not None and now.weight is Weight.STOP,
        )


def _readable(data: QueryDict | None) -> QueryDict | None:
    """Without a patient whose id is none: the select that completes names would stumble over it."""
    if data is None or is_id(data.get("patient", "")):
        return data
    copy = data.copy()
    copy["patient"] = ""
    return copy


class RowForm(OneClinicForm):
    """A row of a table, whose fields have no label beside them: they carry their own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = field.label


class AreaForm(RowForm):
    """A treated area. A row that still says what it said at first counts as empty."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial.setdefault("site", Site.FACE)


AREAS = forms.inlineformset_factory(
    TreatmentSession, TreatedArea, form=AreaForm, fields=("site", "depth_mm", "passes"), extra=0
)
PRODUCTS = forms.inlineformset_factory(
    TreatmentSession, ProductApplied, form=RowForm, fields=("name", "lot", "for_home"), extra=0
)
