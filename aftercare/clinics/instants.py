"""Reading zones and times that people type into files and commands, with errors they can act on."""

from datetime import UTC, date, datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from aftercare.timing import Reason, localise

YEARS = range(1900, 2200)


def validate_year(day: date) -> None:
    """Raises ValidationError for a day that nobody can mean: arithmetic with it may leave the calendar."""
    if day.year not in YEARS:
        raise ValidationError(_("Check the year."), code="year")


def read_zone(name: str) -> ZoneInfo:
    """The zone of that name in the tz database. Raises ValueError, naming near ones."""
    known = available_timezones()
    if name in known:
        return ZoneInfo(name)
    if not name:
        raise ValueError(_("Give the time zone, for example Europe/London."))
    near = _near(name, known)
    cure = _("Did you mean %s?") % _(" or ").join(near) if near else _("Write it like Europe/London.")
    raise ValueError(_("There is no time zone “%(name)s”. %(cure)s") % {"name": name, "cure": cure})


def read_instant(text: str, *, zone: ZoneInfo) -> datetime:
    """The instant (UTC) that an ISO 8601 date and time names; without an offset, a wall time of ``zone``.

    A wall time that comes twice is the first of the two. Raises ValueError for one that the clock skips, and
    for anything that is not a date with a time.
    """
    wall = _read(text)
    if wall.year not in YEARS:
        raise ValueError(_("%s: check the year.") % text)
    if wall.tzinfo is not None:
        return wall.astimezone(UTC)
    instant, odd = localise(wall.date(), wall.time(), zone)
    if odd is Reason.gap:
        after = instant.astimezone(zone).replace(tzinfo=None)
        raise ValueError(
            _("%(text)s does not exist in %(zone)s: the clocks jump to %(after)s. Give another time.")
            % {"text": text, "zone": zone.key, "after": f"{after:%H:%M}"}
        )
    return instant


def _read(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        read = None
    if read is None or ":" not in text:
        raise ValueError(_("“%s” is not a date and time. Write it like 2026-03-28T15:00.") % text[:40])
    return read


def _near(name: str, known: set[str]) -> list[str]:
    """Up to three: those that differ in case, then those of that city, then those spelled alike."""
    wanted = name.strip().replace(" ", "_").casefold()
    full = {zone.casefold(): zone for zone in sorted(known)}
    if wanted in full:
        return [full[wanted]]
    cities = [zone for zone in sorted(known) if zone.casefold().rpartition("/")[2] == wanted]
    alike = [full[match] for match in get_close_matches(wanted, full, n=3, cutoff=0.75)]
    return list(dict.fromkeys([*cities, *alike]))[:3]
