"""What one cell says. Each function raises ValueError with the cure; an empty optional cell says None."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from aftercare.clinics.addresses import validate_address
from aftercare.clinics.instants import YEARS, read_instant, read_zone
from aftercare.clinics.models import Locale
from aftercare.protocols.models import Variant
from aftercare.treatments.models import Site
from aftercare.treatments.screening import Answer, all_clear

YES = {"yes", "y", "true", "1", "x", "sí", "si"}
NO = {"no", "n", "false", "0", ""}
FITZPATRICK = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
SHALLOWEST, DEEPEST = Decimal("0.10"), Decimal("3.50")
MOST_PASSES = 20

Area = tuple[str, Decimal, int]
Product = tuple[str, str]


def address(cell: str) -> str:
    try:
        validate_address(cell)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from error
    return cell


def day(cell: str) -> date | None:
    if not cell:
        return None
    try:
        said = date.fromisoformat(cell)
    except ValueError as error:
        raise ValueError(_("“%s” is not a date. Write it like 2026-03-28.") % cell[:40]) from error
    if said.year not in YEARS:
        raise ValueError(_("%s: check the year.") % cell)
    return said


def instant(cell: str, zone: ZoneInfo) -> datetime:
    return read_instant(cell, zone=zone)


def instant_or_day(cell: str, zone: ZoneInfo) -> datetime | None:
    """A date alone is its beginning in the zone."""
    if not cell:
        return None
    if ":" in cell:
        return read_instant(cell, zone=zone)
    on = day(cell)
    return datetime.combine(on, time(), tzinfo=zone) if on else None


def zone_or_none(cell: str) -> ZoneInfo | None:
    return read_zone(cell) if cell else None


def locale(cell: str) -> str:
    known = {value.casefold(): value for value in Locale.values}
    return _one_of(cell.replace("_", "-"), known) if cell else ""


def variant(cell: str) -> str:
    return _one_of(cell, {value: value for value in Variant.values}) if cell else Variant.STANDARD.value


def yes_or_no(cell: str) -> bool:
    if cell.casefold() in YES:
        return True
    if cell.casefold() in NO:
        return False
    raise ValueError(_("“%s” is neither yes nor no.") % cell[:40])


def fitzpatrick(cell: str) -> int | None:
    if not cell:
        return None
    numbers = {**FITZPATRICK, **{str(number): number for number in FITZPATRICK.values()}}
    if cell.casefold() not in numbers:
        raise ValueError(_("“%s” is not a Fitzpatrick type. Write I to VI or 1 to 6.") % cell[:40])
    return numbers[cell.casefold()]


def areas(cell: str) -> list[Area]:
    """``face:0.5x2;neck:1.0`` says 0.5 mm in two passes on the face, 1 mm in one on the neck."""
    return [_area(part.strip()) for part in cell.split(";") if part.strip()]


def products(cell: str) -> list[Product]:
    """``Calm Gel|LOT1;Barrier Cream``: names, each with its lot if there is one."""
    found = [part.partition("|") for part in cell.split(";") if part.strip()]
    named = [(name.strip(), lot.strip()) for name, _bar, lot in found]
    if any(not name for name, _lot in named):
        raise ValueError(_("A product has no name. Write it like Calm Gel|LOT1;Barrier Cream."))
    return named


def screening(cell: str, of_variant: str) -> dict[str, str]:
    """``clear``: no to every question. ``diabetes;cold_sores:unknown``: yes, unknown, and no to the rest."""
    if not cell:
        raise ValueError(_("Write “clear”, or the codes of the questions answered yes."))
    answers = all_clear(of_variant)
    if cell.casefold() == "clear":
        return answers
    for part in filter(None, (part.strip() for part in cell.split(";"))):
        code, _colon, answer = (piece.strip().casefold() for piece in part.partition(":"))
        if code not in answers:
            text = _("There is no question “%(code)s”. Questions: %(known)s.")
            raise ValueError(text % {"code": code[:40], "known": ", ".join(answers)})
        answers[code] = _one_of(answer, {value: value for value in Answer}) if answer else Answer.YES.value
    return answers


def _area(part: str) -> Area:
    site, _colon, rest = part.partition(":")
    depth, _x, passes = rest.casefold().partition("x")
    code = site.strip().casefold().replace(" ", "_")
    if code not in Site.values:
        text = _("There is no area “%(site)s”. Areas: %(known)s.")
        raise ValueError(text % {"site": site[:40], "known": ", ".join(Site.values)})
    return code, _depth(depth, part), _passes(passes, part)


def _depth(text: str, part: str) -> Decimal:
    number = text.strip().removesuffix("mm").strip().replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", number):
        raise ValueError(_("“%s” is not an area. Write it like face:0.5x2.") % part[:40])
    depth = Decimal(number)
    if not SHALLOWEST <= depth <= DEEPEST or depth != depth.quantize(Decimal("0.01")):
        raise ValueError(_("%s: the depth must be from 0.10 to 3.50 mm, in hundredths.") % part[:40])
    return depth


def _passes(text: str, part: str) -> int:
    if not text:
        return 1
    if not text.strip().isdecimal() or not 1 <= int(text) <= MOST_PASSES:
        raise ValueError(_("%s: the passes must be a number from 1 to 20.") % part[:40])
    return int(text)


def _one_of(cell: str, known: dict[str, str]) -> str:
    if cell.casefold() not in known:
        text = _("“%(cell)s” is not known. Write one of: %(known)s.")
        raise ValueError(text % {"cell": cell[:40], "known": ", ".join(known.values())})
    return known[cell.casefold()]
