"""Times in templates, always with the place whose clock they are read on."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.translation import ngettext

from aftercare.clinics import places
from aftercare.clinics.dates import dated
from aftercare.console import times

register = template.Library()


@register.filter
def exactly(instant: datetime) -> str:
    """Weekday, date and time to the second, below the name of the place."""
    return times.to_the_second(instant, timezone.get_current_timezone())


@register.filter(expects_localtime=True)
def at(instant: Any, form: str) -> str:
    """The time in this form on its own clock, and the place; nothing for no time."""
    if not isinstance(instant, datetime):
        return ""
    zone = instant.tzinfo if isinstance(instant.tzinfo, ZoneInfo) else ZoneInfo("UTC")
    return times.at(instant, form, zone)


@register.filter(expects_localtime=True)
def on(day: Any, form: str) -> str:
    """A date in this form, or a time below the name of its place; nothing for none."""
    return dated(day, form) if isinstance(day, date) else ""


@register.filter
def place(zone: ZoneInfo) -> str:
    """The zone in words."""
    return places.place(zone)


@register.filter
def lasting(minutes: int) -> str:
    """A length of time in the largest of days, hours and minutes that it is whole in."""
    (days, hours_left), (hours, minutes_left) = divmod(minutes, 1440), divmod(minutes, 60)
    if not hours_left:
        return ngettext("%(number)d day", "%(number)d days", days) % {"number": days}
    if not minutes_left:
        return ngettext("%(number)d hour", "%(number)d hours", hours) % {"number": hours}
    return ngettext("%(number)d minute", "%(number)d minutes", minutes) % {"number": minutes}
