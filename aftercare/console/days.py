"""The field for a date: picked in the browser, or typed as people write it where the clinic is."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from aftercare.clinics.instants import validate_year
from aftercare.clinics.models import Locale
from aftercare.console.times import DayInput

ISO, DAY_FIRST, MONTH_FIRST = "%Y-%m-%d", "%d-%m-%Y", "%m-%d-%Y"


class DayField(forms.DateField):
    """Takes 2026-11-26 everywhere; 26/11/2026, or 11/26/2026 in American English, as ``locales`` write it.

    Where both are written, or nobody says which, only what can be read in one way is taken: a wrong date is
    worse than one that is asked for again. ``locales`` is called only for a date that is not the picker's.
    """

    widget = DayInput
    default_validators = [validate_year]

    def __init__(self, *, locales: Callable[[], Iterable[str]] = tuple, **kwargs: Any) -> None:
        self._locales = locales
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> date | None:
        """Raises ValidationError, naming the form, for what is no date or could be two."""
        if value in self.empty_values or isinstance(value, date):
            return super().to_python(value)
        typed = str(value).strip().replace("/", "-").replace(".", "-")
        day = _read(typed, ISO)
        if day is not None:
            return day
        forms_ = forms_of(self._locales())
        found = {day for form in forms_ if (day := _read(typed, form))}
        if len(found) == 1:
            return found.pop()
        example = f"{date(2026, 11, 26):{forms_[0]}}".replace("-", "/") if len(forms_) == 1 else "2026-11-26"
        message = _("Enter a date like %(example)s.") % {"example": example}
        raise ValidationError(message, code="invalid")


def forms_of(locales: Iterable[str]) -> list[str]:
    """In which order day and month are written in them; both where nobody says."""
    found = {MONTH_FIRST if locale == Locale.EN_US else DAY_FIRST for locale in locales}
    return sorted(found or {DAY_FIRST, MONTH_FIRST})


def _read(typed: str, form: str) -> date | None:
    try:
        return datetime.strptime(typed, form).date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return None
