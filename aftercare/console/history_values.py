"""A stored value as the console writes it: names for codes, and times on the clock the page shows."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from aftercare.clinics.dates import dated
from aftercare.clinics.places import place
from aftercare.console.times import here
from aftercare.protocols.kinds import Topic
from aftercare.protocols.models import Variant
from aftercare.treatments.models import Site
from aftercare.treatments.screening import QUESTIONS

LISTED: dict[str, Mapping[Any, str | Promise]] = {
    "variants": dict(Variant.choices),
    "waits": dict(Topic.choices),
    "screening": {question.code: question.label for question in QUESTIONS},
    "areas": dict(Site.choices),
}
"""What the codes in a field of several values mean, by the field's name."""


def in_words(field: Any, value: Any) -> Any:
    """The label of a choice; nothing for what is empty; times, zones and lists as people write them.

    What the console has no other words for stays as it is: numbers, texts and rows.
    """
    if value is None:
        return ""
    if isinstance(value, ZoneInfo):
        return place(value)
    if getattr(field, "flatchoices", None) and isinstance(value, str | int):
        return dict(field.flatchoices).get(value, value)
    if isinstance(value, list | dict):
        return _several(value, LISTED.get(getattr(field, "name", ""), {}))
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return here(value, "D j M Y, H:i")
    if isinstance(value, date):
        return dated(value, "D j M Y")
    return f"{value:%H:%M}" if isinstance(value, time) else value


def _several(value: Any, labels: Mapping[Any, str | Promise]) -> str:
    """Members with commas between; of a mapping, each name with its value."""
    if isinstance(value, dict):
        return ", ".join(f"{labels.get(name, name)}: {_member(one, labels)}" for name, one in value.items())
    return ", ".join(_member(one, labels) for one in value)


def _member(value: Any, labels: Mapping[Any, str | Promise]) -> str:
    if isinstance(value, dict):
        return " ".join(_member(one, labels) for one in value.values())
    if isinstance(value, list):
        return _several(value, labels)
    answers = {"yes": _("yes"), "no": _("no"), "unknown": _("unknown")}
    known: Any = {**answers, **labels}
    return str(known.get(value, _plain(value)) if isinstance(value, str) else _plain(value))
