"""What people call a time zone: the place whose clock it is."""

from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import get_timezone_location
from django.utils.translation import get_language
from django.utils.translation import gettext as _

SOURCE_LANGUAGE = "en"
REGIONS = frozenset(
    (
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
)


def place(zone: ZoneInfo) -> str:
    """The zone in words: “London time”, “Buenos Aires time”, “UTC”; in Spanish “hora de Londres”."""
    name = zone.key.rsplit("/", 1)[-1].replace("_", " ")
    if name in ("UTC", "GMT"):
        return name
    language = (get_language() or SOURCE_LANGUAGE)[:2]
    city = name if language == SOURCE_LANGUAGE or "/" not in zone.key else _city(zone.key, name, language)
    return _("%(city)s time") % {"city": city}


@lru_cache(maxsize=1)
def usual_zones() -> tuple[str, ...]:
    """The names people choose among: a place of a region, and UTC; without “GMT+12”, “MST7MDT”, “Navajo”."""
    names = sorted(available_timezones())
    return (*(name for name in names if name.partition("/")[0] in REGIONS and "/" in name), "UTC")


@lru_cache(maxsize=1000)
def _city(key: str, name: str, language: str) -> str:
    """As that language writes it, by Unicode's names of places."""
    if key.startswith("Etc/"):
        return name
    return get_timezone_location(key, locale=language, return_city=True).rsplit("/", 1)[-1]
