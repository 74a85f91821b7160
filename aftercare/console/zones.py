"""The time zones that a form offers: those that people name, by region, and the one that is stored."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from aftercare.clinics.places import usual_zones

FIELD = "time_zone"


def offer_usual_zones(form: forms.ModelForm) -> None:
    """In the form's field of a zone, if it has one; a zone that is stored stays, whatever its name."""
    field: Any = form.fields.get(FIELD)
    if field is None:
        return
    blank = [choice for choice in field.choices if not choice[0]]
    stored = getattr(form.instance, FIELD)
    names = {*usual_zones(), stored.key} if stored else {*usual_zones()}
    field.choices = [*blank, *_by_region(sorted(names), timezone.now())]


def _by_region(names: list[str], now: datetime) -> Iterator[Any]:
    """Groups of choices, so that typing a city finds it; a name without a region stands alone."""
    for region, group in groupby(names, key=lambda name: name.partition("/")[0]):
        choices = [(name, _label(name, now)) for name in group]
        yield choices[0] if choices[0][0] == region else (region, choices)


def _label(name: str, now: datetime) -> str:
    """“London (UTC+01:00)”: the offset is today's."""
    offset = f"{now.astimezone(ZoneInfo(name)):%z}"
    return f"{name.partition('/')[2] or name} (UTC{offset[:3]}:{offset[3:5]})".replace("_", " ")
