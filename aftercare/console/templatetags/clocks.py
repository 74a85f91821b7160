"""Times in templates, on the clock whose place the page names."""

from datetime import datetime

from django import template
from django.utils import timezone

from aftercare.console.times import to_the_second

register = template.Library()


@register.filter
def exactly(instant: datetime) -> str:
    """Weekday, date and time to the second; the UTC offset in the hour that the clock shows twice."""
    return to_the_second(instant, timezone.get_current_timezone())
