"""The page on which a clinic learns from its patients' answers."""

from datetime import timedelta
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftercare.checkins.learning import FEWEST, Learning, learn
from aftercare.checkins.levels import Level
from aftercare.console.access import WRITERS, access_of

SINCE = timedelta(days=365)
KINDS = {
    "protocol": _("Protocol"),
    "depth": _("Depth"),
    "practitioner": _("Practitioner"),
    "lot": _("Cartridge lot"),
}


def learning_page(admin: ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """For one clinic of the user: the one asked for, else the first."""
    clinics = list(access_of(request).clinics())
    if not clinics:
        raise PermissionDenied
    wanted = request.GET.get("clinic", "")
    clinic = next((one for one in clinics if str(one.pk) == wanted), clinics[0])
    since = timezone.now() - SINCE
    context: dict[str, Any] = {
        **admin.admin_site.each_context(request),
        "title": _("Learning from answers"),
        "subtitle": str(clinic),
        "opts": admin.opts,
        "clinics": clinics,
        "clinic": clinic,
        "since": since,
        "fewest": FEWEST,
        **_tables(learn(clinic, since=since)),
        "lots_of": clinic.pk if access_of(request).holds(WRITERS, clinic.pk) else None,
    }
    return TemplateResponse(request, "console/checkins/learning.html", context)


def _tables(learned: Learning) -> dict[str, Any]:
    return {
        "whole": learned.whole,
        "groups": [(KINDS[kind], groups, kind) for kind, groups in learned.groups.items() if groups],
        "levels": [level.label for level in Level],
        "days": [
            (line.first, line.last, [(level.label, count) for level, count in line.counts.items()])
            for line in learned.days
        ],
        "times": [(times, said(times.acknowledged), said(times.closed)) for times in learned.times],
    }


def said(wait: timedelta | None) -> str:
    """“25 min”, “3 h 20 min”."""
    if wait is None:
        return ""
    hours, minutes = divmod(round(wait.total_seconds() / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
