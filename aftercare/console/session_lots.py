"""The cartridge's lot: typed, chosen among those the clinic knows, or scanned from the package."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from aftercare.clinics.dates import dated
from aftercare.clinics.models import Clinic
from aftercare.console.access import RECORDERS, access_of
from aftercare.console.session_starting import clinic_asked
from aftercare.treatments.gs1 import read
from aftercare.treatments.models import TreatmentSession

LOOKED_AT = 200
"""Of the clinic's newest sessions, so many are looked through for lots."""
OFFERED = 20
LONGEST_SCAN = 500
"""Characters of the longest string that a package's code holds, with room to spare."""

Lot = tuple[str, date | None]


def known_lots(request: HttpRequest, clinic: Clinic) -> Sequence[Lot]:
    """The lots the clinic used of late, the newest first, with their expiry where somebody wrote it down."""
    sessions = access_of(request).limit(TreatmentSession.objects.filter(clinic=clinic), RECORDERS)
    newest = sessions.order_by("-ended_at").values_list("cartridge_lot", "cartridge_expires_on")[:LOOKED_AT]
    found: dict[str, date | None] = {}
    for lot, expires_on in newest:
        if lot:
            found[lot] = found.get(lot) or expires_on
    return list(found.items())[:OFFERED]


def read_lot(text: str, *, today: date) -> Lot:
    """The lot, and the expiry where the text is a package's code. Raises ValidationError if it is unclear."""
    scanned = read(text, today=today)
    if scanned is None:
        return text, None
    if scanned.unsure:
        raise ValidationError(
            _(
                "The scanner leaves out the separators of the code, so that the lot's end is unclear. "
                "Type the lot and the expiry as they are printed."
            )
        )
    if not scanned.lot:
        raise ValidationError(_("This code holds no lot. Scan the other code, or type the lot as printed."))
    return scanned.lot, scanned.expires_on


def lot_view(model_admin: Any, request: HttpRequest) -> JsonResponse:
    """What a typed or scanned text comes to: ``lot``, ``expires_on`` and a sentence. Stores nothing."""
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    clinic = clinic_asked(request, request.GET)
    text, zone = request.GET.get("text", "")[:LONGEST_SCAN].strip(), clinic.time_zone if clinic else None
    today = _today(timezone.now(), zone)
    try:
        lot, expires_on = read_lot(text, today=today)
    except ValidationError as unclear:
        return JsonResponse({"lot": "", "expires_on": "", "said": unclear.messages[0], "tone": "bad"})
    scanned = lot != text
    known = dict(known_lots(request, clinic)) if clinic else {}
    expires_on = expires_on or known.get(lot)
    said, tone = _said(expires_on, today, scanned=scanned, known=lot in known)
    found = {"lot": lot, "expires_on": expires_on.isoformat() if expires_on else ""}
    return JsonResponse({**found, "said": said, "tone": tone})


def _today(now: datetime, zone: ZoneInfo | None) -> date:
    return now.astimezone(zone).date() if zone else now.date()


def _said(expires_on: date | None, today: date, *, scanned: bool, known: bool) -> tuple[str, str]:
    until = dated(expires_on, "j M Y") if expires_on else ""
    if expires_on and expires_on < today:
        text = _("This cartridge expired on %s. Take another; if it was used all the same, write down why.")
        return text % until, "bad"
    if scanned:
        text = _("Read from the code; it expires on %s.") % until if until else _("Read from the code.")
        return f"{text} {_('Compare it with the package.')}", "good"
    if known:
        text = _("Used here before; it expires on %s.") % until if until else _("Used here before.")
        return text, "good"
    return "", ""
