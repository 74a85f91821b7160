"""The steps of a protocol as a form: what one step needs, and what all of them must keep to together."""

from collections import Counter
from datetime import time
from functools import partial
from itertools import count
from typing import Any

from django import forms
from django.db.models.fields import BLANK_CHOICE_DASH
from django.forms.formsets import DELETION_FIELD_NAME
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from unfold.forms import PaginationInlineFormSet

from aftercare.console.protocol_agreeing import is_agreed
from aftercare.console.scoping import OneClinicForm
from aftercare.content.models import MessageTemplate, TemplatePurpose
from aftercare.outbox.foreseeing import Foreseen, foresee
from aftercare.protocols.models import PLANNED_KINDS, LateAction, ProtocolStep, StepKind

FIELDS_OF = {
    StepKind.ELAPSED: ("offset_minutes", "latest_minutes"),
    StepKind.WALL_TIME: ("day", "local_time", "latest_day", "latest_local_time"),
}

SHORTEST_WINDOW = 15
"""Minutes a message has at least: several ticks, so that a busy moment does not make it missed."""
MINUTES_A_DAY = 24 * 60


class StepForm(OneClinicForm):
    """One step. Only the fields of the chosen kind count; what stands in the others is dropped."""

    class Meta:
        model = ProtocolStep
        fields = (
            "number",
            "name",
            "template",
            "kind",
            *FIELDS_OF[StepKind.ELAPSED],
            *FIELDS_OF[StepKind.WALL_TIME],
            "safety_critical",
            "quiet_exempt",
            "enabled",
            "late_action",
            "unknown_policy",
            "newer_session",
            "may_be_skipped",
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if kind := cleaned.get("kind"):
            self._keep_only(StepKind(kind))
            self._need(StepKind(kind))
            self._check_window(StepKind(kind))
        if cleaned.get("safety_critical"):
            self._check_safety()
        return self.cleaned_data

    def _keep_only(self, kind: StepKind) -> None:
        for other, names in FIELDS_OF.items():
            if other != kind:
                for name in names:
                    self.errors.pop(name, None)
                    self.cleaned_data[name] = None

    def _need(self, kind: StepKind) -> None:
        for name in FIELDS_OF[kind]:
            if name not in self.errors and self.cleaned_data.get(name) is None:
                self.add_error(name, _("A step of this kind needs it."))

    def _check_window(self, kind: StepKind) -> None:
        """The end of the window must not come before the step's own time."""
        if self.errors.keys() & set(FIELDS_OF[kind]):
            return
        given = self.cleaned_data
        if kind is StepKind.ELAPSED:
            soonest = given["offset_minutes"] + SHORTEST_WINDOW
            if given["latest_minutes"] < soonest:
                self._refuse_early("latest_minutes", str(soonest))
        elif given["latest_day"] < given["day"]:
            self._refuse_early("latest_day", str(given["day"]))
        elif given["latest_day"] == given["day"]:
            soonest = _minutes(given["local_time"]) + SHORTEST_WINDOW
            if soonest >= MINUTES_A_DAY:
                self._refuse_early("latest_day", str(given["day"] + 1))
            elif _minutes(given["latest_local_time"]) < soonest:
                self._refuse_early("latest_local_time", f"{soonest // 60:02}:{soonest % 60:02}")

    def _refuse_early(self, field: str, soonest: str) -> None:
        message = _(
            "The window ends too early: a message needs at least %(minutes)s minutes to leave. "
            "Write %(soonest)s or later."
        )
        said = {"minutes": SHORTEST_WINDOW, "soonest": soonest}
        self.add_error(field, forms.ValidationError(message, params=said))

    def _check_safety(self) -> None:
        template = self.cleaned_data.get("template")
        if not self.cleaned_data.get("enabled"):
            self.add_error("enabled", _("A safety-critical step cannot be disabled."))
        if template and not template.safety_critical:
            self.add_error("template", _("A safety-critical step needs a safety-critical template."))
        if self.cleaned_data.get("may_be_skipped"):
            self.add_error("may_be_skipped", _("A safety-critical step cannot be skipped."))
        if self.cleaned_data.get("late_action") == LateAction.SKIP:
            message = _("A safety-critical message that was missed must open a follow-up task.")
            self.add_error("late_action", message)


class StepFormSet(PaginationInlineFormSet):
    """The steps of one protocol, with the templates of its clinic to choose from.

    A safety-critical step, or one that patients have messages from, cannot be removed.
    """

    asks = "foreseen"
    foreseen: Foreseen | None = None
    """What saving would do to planned messages, while nobody has agreed to it."""

    def is_valid(self) -> bool:
        """Asks before messages move: not valid until the very same steps come again as agreed to."""
        if not super().is_valid() or not self.instance.pk or not self.has_changed():
            return bool(super().is_valid())
        if is_agreed(self):
            return True
        if self.foreseen is None:
            self.foreseen = foresee(self.instance, self.steps(), now=timezone.now())
        return not self.foreseen

    def steps(self) -> list[ProtocolStep]:
        """The steps as the form has them, of those forms that can be read."""
        return [form.instance for form in self._kept() if not form.errors and form.instance.kind]

    def readable_steps(self) -> list[ProtocolStep]:
        """The same before anything is saved or asked: for a picture of what is being written."""
        self.errors  # noqa: B018 - reads the forms
        return self.steps()

    def count_unreadable(self) -> int:
        return sum(bool(form.errors) for form in self._kept())

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.instance.get_inline_title = partial(title_of_step, form.instance)  # read by unfold's heading
        if DELETION_FIELD_NAME in form.fields and form.instance.pk and not _may_be_removed(form.instance):
            form.fields[DELETION_FIELD_NAME].disabled = True
        kind = form.fields.get("kind")
        if isinstance(kind, forms.ChoiceField):
            kind.choices = [*BLANK_CHOICE_DASH, *((one.value, one.label) for one in PLANNED_KINDS)]
        template = form.fields.get("template")
        if isinstance(template, forms.ModelChoiceField):
            mine = MessageTemplate.objects.filter(clinic=self.instance.clinic_id)
            template.queryset = mine.filter(purpose=TemplatePurpose.STEP)
            for link in ("add", "change", "delete", "view"):
                setattr(template.widget, f"can_{link}_related", False)

    def clean(self) -> None:
        super().clean()
        self._refuse_same_numbers()
        self._name_new([form for form in self._kept() if form.has_changed()])

    def _kept(self) -> list[forms.ModelForm]:
        read = (form for form in self.forms if hasattr(form, "cleaned_data"))
        return [form for form in read if not form.cleaned_data.get(DELETION_FIELD_NAME)]

    def _refuse_same_numbers(self) -> None:
        kept = self._kept()
        numbers = Counter(form.cleaned_data.get("number") for form in kept)
        for form in kept:
            number = form.cleaned_data.get("number")
            if number is not None and numbers[number] > 1:
                form.add_error("number", _("Another step has this number."))
                raise forms.ValidationError(
                    _("Two steps have the number %(number)s. Give each its own."), params={"number": number}
                )

    def _name_new(self, kept: list[forms.ModelForm]) -> None:
        """A slug for each new step, from its name, unlike those there are."""
        taken = {form.instance.slug for form in self.forms}
        for form in kept:
            if not form.instance.slug:
                form.instance.slug = _free_slug(slugify(form.cleaned_data.get("name", "")), taken)
                taken.add(form.instance.slug)


def title_of_step(step: ProtocolStep) -> str:
    """A step in a line: what, when, and whether it matters for safety."""
    words = [str(step), _when(step)]
    words += [str(_("safety-critical"))] if step.safety_critical else []
    words += [] if step.enabled else [str(_("disabled"))]
    return " · ".join(words)


def _when(step: ProtocolStep) -> str:
    if step.kind == StepKind.ELAPSED:
        return _("%(minutes)s minutes after the end") % {"minutes": step.offset_minutes}
    return _("day %(day)s at %(time)s") % {"day": step.day, "time": _said(step.local_time)}


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _said(value: object) -> str:
    return f"{value:%H:%M}" if hasattr(value, "hour") else str(value)


def _free_slug(wanted: str, taken: set[str]) -> str:
    base = wanted[:40] or "step"
    tries = (f"{base}-{number}" if number > 1 else base for number in count(1))
    return next(slug for slug in tries if slug not in taken)


def _may_be_removed(step: ProtocolStep) -> bool:
    return not step.safety_critical and not step.scheduled_messages.exists()
