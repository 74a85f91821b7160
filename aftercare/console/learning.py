"""The page on which a clinic learns from its patients' answers."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftercare.checkins.hiding import FEWEST
from aftercare.checkins.learning import DayLine, Group, Learning, Times, learn
from aftercare.checkins.levels import Level
from aftercare.console.access import WRITERS, access_of
from aftercare.treatments.depth import DepthBand

SINCE = timedelta(days=365)
KINDS = {
    "protocol": _("Protocol"),
    "depth": _("Depth"),
    "practitioner": _("Practitioner"),
    "lot": _("Cartridge lot"),
}
BANDS = {
    DepthBand.LIGHT.value: _("light"),
    DepthBand.MEDIUM.value: _("medium"),
    DepthBand.DEEP.value: _("deep"),
}


def learning_page(admin: ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """For one clinic of the user: the one asked for, else the first; by one of KINDS if that is asked for."""
    clinics = list(access_of(request).clinics())
    if not clinics:
        raise PermissionDenied
    wanted = request.GET.get("clinic", "")
    clinic = next((one for one in clinics if str(one.pk) == wanted), clinics[0])
    by = request.GET.get("by", "")
    by = by if by in KINDS else ""
    now = timezone.now()
    context: dict[str, Any] = {
        **admin.admin_site.each_context(request),
        "title": _("Learning from answers"),
        "subtitle": str(clinic),
        "clinics": clinics,
        "clinic": clinic,
        "since": now - SINCE,
        "fewest": FEWEST,
        "by": by,
        "kinds": KINDS.items(),
        **_tables(learn(clinic, since=now - SINCE, now=now, by=by or None), by),
        "lots_of": clinic.pk if by == "lot" and access_of(request).holds(WRITERS, clinic.pk) else None,
    }
    return TemplateResponse(request, "console/checkins/learning.html", context)


def _tables(learned: Learning, by: str) -> dict[str, Any]:
    groups = learned.groups if by else [learned.whole]
    return {
        "whole": learned.whole,
        "kind": KINDS.get(by),
        "groups": [(_name(group, by), group) for group in groups],
        "levels": [level.label for level in Level],
        "days": [(_name(group, by), days) for group in groups if (days := _day_rows(group.days))],
        "times": [(_name(group, by), times) for group in groups if (times := _time_rows(group.times))],
    }


def _name(group: Group, by: str) -> Any:
    return BANDS.get(group.name, group.name) if by == "depth" else group.name


def _day_rows(lines: Sequence[DayLine]) -> list[tuple[str, Sequence[int | None]]]:
    """Those with a number to show."""
    last = lines[-1]
    return [
        (
            str(_("%(first)s and later")) % {"first": line.first}
            if line is last
            else f"{line.first}–{line.last}",
            list(line.counts.values()),
        )
        for line in lines
        if any(number is not None for number in line.counts.values())
    ]


def _time_rows(lines: Sequence[Times]) -> list[tuple[Times, str, str, str]]:
    """Those with a number to show."""
    return [
        (line, said(line.allowed), said(line.acknowledged), said(line.closed))
        for line in lines
        if line.concerns is not None
    ]


def said(wait: timedelta | None) -> str:
    """“25 min”, “3 h 20 min”."""
    if wait is None:
        return ""
    hours, minutes = divmod(round(wait.total_seconds() / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
