"""On a clinic's page: its opening hours and closed days, by which a patient is promised a call or not."""

from collections.abc import Mapping
from typing import Any

from django.forms import BaseInlineFormSet, ModelForm, inlineformset_factory
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from aftercare.clinics.duty import Duty, Hours
from aftercare.clinics.hours import Holiday, OpeningHours
from aftercare.clinics.models import Clinic
from aftercare.console.scoping import OwnRows, ScopedInline

AGREED_HOURS = "agreed_hours"
"""The field that says which broken promises the user has seen."""
HOURS = inlineformset_factory(
    Clinic, OpeningHours, formset=OwnRows, fields=("weekday", "opens_local_time", "closes_local_time")
)
CLOSED = inlineformset_factory(Clinic, Holiday, formset=OwnRows, fields=("closed_on",))


class OpeningHoursInline(ScopedInline, TabularInline):
    model = OpeningHours
    extra = 0
    verbose_name = _("opening hours")
    verbose_name_plural = _("Opening hours: when somebody can call a patient")


class HolidayInline(ScopedInline, TabularInline):
    model = Holiday
    extra = 0
    verbose_name_plural = _("Closed days")


def posted_duty(form: ModelForm) -> Duty | None:
    """The duty of the clinic as its page was sent; None where the page's own rows say what is wrong in it."""
    hours, closed = (rows(form.data, instance=form.instance) for rows in (HOURS, CLOSED))
    if not (hours.is_valid() and closed.is_valid()):
        return None
    spans = [
        Hours(row["weekday"], row["opens_local_time"], row["closes_local_time"]) for row in _staying(hours)
    ]
    days = frozenset(row["closed_on"] for row in _staying(closed))
    return Duty(zone=form.instance.time_zone, hours=tuple(spans), closed_on=days)


def _staying(rows: BaseInlineFormSet) -> list[Mapping[str, Any]]:
    """What was typed in each row that is not empty and not ticked to go."""
    return [row for row in rows.cleaned_data if row and not row.get("DELETE")]
