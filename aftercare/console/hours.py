"""On a clinic's page: its opening hours and closed days, by which a patient is promised a call or not."""

from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from aftercare.clinics.hours import Holiday, OpeningHours
from aftercare.console.scoping import ScopedInline


class OpeningHoursInline(ScopedInline, TabularInline):
    model = OpeningHours
    extra = 0
    verbose_name = _("opening hours")
    verbose_name_plural = _("Opening hours: when somebody can call a patient")


class HolidayInline(ScopedInline, TabularInline):
    model = Holiday
    extra = 0
    verbose_name_plural = _("Closed days")
