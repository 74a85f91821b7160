"""On a clinic's page: its opening hours and closed days, by which a patient is promised a call or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Field
from django.forms import BaseInlineFormSet, ModelForm, inlineformset_factory
from django.http import HttpRequest
from django.utils.text import capfirst
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


class NamedFields(ScopedInline, TabularInline):
    """Whose fields say their names to those who cannot see the head of the table."""

    hide_title = True  # the row says the same below it

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = capfirst(db_field.verbose_name)
        return field


class OpeningHoursInline(NamedFields):
    model = OpeningHours
    extra = 0
    verbose_name = _("hours of a day")
    verbose_name_plural = _("Opening hours: when somebody can call a patient")


class HolidayInline(NamedFields):
    max_num = 400
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
