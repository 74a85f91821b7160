"""Times for people, always with the place whose clock they are read on, and the field that reads them."""

from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import INPUT_CLASSES

from aftercare.clinics.dates import dated
from aftercare.clinics.instants import validate_year
from aftercare.clinics.places import place
from aftercare.timing import Reason, localise

UTC = ZoneInfo("UTC")
PICKER_FORMAT = "%Y-%m-%dT%H:%M"


def at(instant: datetime, form: str, zone: ZoneInfo) -> str:
    """The time in this form and its place; with the UTC offset in the hour that the clock shows twice."""
    return f"{dated(instant.astimezone(zone), form)} {_where(instant, zone)}"


def said(instant: datetime, zone: ZoneInfo) -> str:
    """Weekday, date, time and place."""
    return at(instant, "D j M Y, H:i", zone)


def here(instant: datetime, form: str) -> str:
    """The same on the clock that the page shows."""
    zone = timezone.get_current_timezone()
    return at(instant, form, zone if isinstance(zone, ZoneInfo) else UTC)


def said_shortly(instant: datetime, zone: ZoneInfo) -> str:
    """The same without the year, for lists."""
    return at(instant, "D j M, H:i", zone)


def clock(instant: datetime, zone: ZoneInfo) -> str:
    """Weekday, day and time alone, to stand right below a time that names the place."""
    return dated(instant.astimezone(zone), "D j M, H:i")


def to_the_second(instant: datetime, zone: tzinfo) -> str:
    """The same with seconds, to stand below the name of the place; with the offset where it is needed."""
    offset = f" (UTC{instant.astimezone(zone):%z})" if _is_shown_twice(instant, zone) else ""
    return f"{dated(instant.astimezone(zone), 'D j M Y, H:i:s')}{offset}"


def tag(instant: datetime | None, zone: ZoneInfo) -> SafeString | str:
    """The time as a ``<time>`` element that carries the instant for machines."""
    if instant is None:
        return "–"
    return format_html('<time datetime="{}">{}</time>', instant.isoformat(), said(instant, zone))


def _where(instant: datetime, zone: ZoneInfo) -> str:
    if not _is_shown_twice(instant, zone):
        return place(zone)
    return f"{place(zone)} (UTC{instant.astimezone(zone):%z})"


def _is_shown_twice(instant: datetime, zone: tzinfo) -> bool:
    """Whether the clock shows this hour again when it is put back."""
    local = instant.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


class PickerInput(forms.DateTimeInput):
    """The browser's own date and time picker."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": " ".join(INPUT_CLASSES), **(attrs or {})}, format=PICKER_FORMAT)


class DayInput(forms.DateInput):
    """The browser's own date picker, whose value is an ISO date in every language."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": " ".join(INPUT_CLASSES), **(attrs or {})}, format="%Y-%m-%d")


class WallClockField(forms.DateTimeField):
    """A time read on the clock of one zone, whatever the server's zone is.

    A time that the clock skipped is refused; one that it showed twice is taken as the first. The minute
    of ``kept`` is that very instant: a form that was only looked at changes no second and no hour.
    """

    widget = PickerInput
    default_error_messages = {
        "invalid": gettext_lazy("Enter a date and a time, for example 28 March 2026, 15:30.")
    }

    def __init__(self, *, zone: ZoneInfo, kept: datetime | None = None, **kwargs: Any) -> None:
        self.zone, self.kept = zone, kept
        super().__init__(**kwargs)
        self.help_text = self.help_text or place(zone)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, datetime) and value.tzinfo is not None:
            return on_clock(value, self.zone).replace(tzinfo=None)
        return value

    def to_python(self, value: Any) -> datetime | None:
        wall = read_wall_time(self, value)
        if wall is None or wall.tzinfo is not None:
            return wall
        validate_year(wall)
        if self.kept and wall == self.prepare_value(self.kept).replace(second=0, microsecond=0):
            return self.kept
        instant, moved = localise(wall.date(), wall.time(), self.zone)
        if moved == Reason.gap:
            raise ValidationError(self._skipped(wall, instant), code="skipped")
        return instant

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compares with the kept instant: what a form has as initial lost its fraction of a second."""
        return bool(super().has_changed(self.kept or initial, data))

    def _skipped(self, wall: datetime, instant: datetime) -> str:
        return _(
            "The clocks went forward: %(wall)s did not exist in %(place)s. Enter %(after)s or later."
        ) % {
            "wall": f"{wall:%H:%M}",
            "place": place(self.zone),
            "after": clock(instant, self.zone),
        }


def on_clock(instant: datetime, zone: ZoneInfo) -> datetime:
    """On the zone's clock; as it is at the calendar's ends, beyond which the clock may not show it."""
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return instant


def read_wall_time(field: forms.DateTimeField, value: Any) -> datetime | None:
    """What a person typed or picked; None for nothing. Raises ValidationError if it cannot be read."""
    if value in field.empty_values:
        return None
    for form in (PICKER_FORMAT, "%Y-%m-%dT%H:%M:%S", *(field.input_formats or ())):
        try:
            return datetime.strptime(str(value).strip(), form)  # noqa: DTZ007 - a wall time has no zone yet
        except ValueError:
            continue
    raise ValidationError(field.error_messages["invalid"], code="invalid")


def just_now(now: datetime) -> datetime:
    """The last full five minutes: when a treatment that is being entered has probably ended."""
    return (now - timedelta(minutes=now.minute % 5)).replace(second=0, microsecond=0)
