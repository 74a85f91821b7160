"""A date as the language of the page writes it."""

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import get_language

_SPANISH = (("l j", r"l, j"), ("j F", r"j \d\e F"), ("F Y", r"F \d\e Y"))
"""What Spanish writes between the parts: “jueves, 26 de noviembre de 2026”."""


def dated(value: date, form: str) -> str:
    """The date, or time, in one of Django's forms: “Thu 26 Nov 2026”; in Spanish “jue 26 nov 2026”."""
    if not (get_language() or "").startswith("es"):
        return date_format(value, form)
    for english, spanish in _SPANISH:
        form = form.replace(english, spanish)
    return date_format(value, form).lower()
