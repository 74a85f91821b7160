"""Starting a session from what was done before: the form as it stands, with the parts of a set-up put in.

Nothing is stored by it, and what the set-up does not hold stays as it was typed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from aftercare.clinics.dates import dated
from aftercare.clinics.models import Clinic, Patient
from aftercare.console.access import RECORDERS, access_of, is_id
from aftercare.console.times import PICKER_FORMAT, just_now
from aftercare.protocols.models import Variant
from aftercare.treatments.models import Favourite, TreatmentSession
from aftercare.treatments.setups import (
    AreaSetup,
    ProductSetup,
    Setup,
    newest,
    setup_of,
    setup_of_favourite,
)

START = "_start"
LAST = "last"
FAVOURITE = "favourite-"


@dataclass(frozen=True)
class Start:
    """What a session may be started from: its value in the form, how it is called, what it holds."""

    value: str
    title: str
    setup: Setup


def start_form(request: HttpRequest) -> None:
    """Puts what the user asked to start from into what was posted, and says what was taken."""
    data = request.POST.copy()
    clinic = clinic_asked(request, data)
    _complete(data, clinic, now=timezone.now())
    start = _asked(request, clinic, data)
    if start is not None:
        left = _put(data, start.setup)
        messages.success(request, _said(start, left))
    request.POST = data  # type: ignore[assignment]


def last_time(request: HttpRequest, clinic: Clinic, patient_id: str) -> Start | None:
    """The patient's last session at the clinic; None if there is none, or the user may not record there."""
    if not is_id(patient_id):
        return None
    sessions = access_of(request).limit(TreatmentSession.objects.all(), RECORDERS)
    session = newest(sessions.filter(patient=int(patient_id), clinic=clinic))
    if session is None:
        return None
    on = dated(session.ended_at.astimezone(clinic.time_zone), "j M Y")
    return Start(LAST, _("As last time (%s)") % on, setup_of(session))


def clinic_asked(request: HttpRequest, data: Mapping[str, Any]) -> Clinic | None:
    """The clinic the data names, or the patient's, if the user records sessions there."""
    clinics = access_of(request).clinics(RECORDERS)
    if is_id(data.get("clinic", "")):
        return clinics.filter(pk=int(data["clinic"])).first()
    if not is_id(data.get("patient", "")):
        return None
    patients = access_of(request).limit(Patient.objects.select_related("clinic"), RECORDERS)
    patient = patients.filter(pk=int(data["patient"])).first()
    return patient.clinic if patient else None


def favourites(request: HttpRequest, clinic: Clinic) -> QuerySet[Favourite]:
    """Those of the clinic's practitioners that may be started from."""
    rows = access_of(request).limit(Favourite.objects.filter(practitioner__clinic=clinic), RECORDERS)
    in_use = rows.filter(practitioner__active=True, protocol__active=True)
    return in_use.select_related("practitioner", "protocol")


def favourite_start(favourite: Favourite) -> Start:
    return Start(f"{FAVOURITE}{favourite.pk}", favourite.name, setup_of_favourite(favourite))


def _asked(request: HttpRequest, clinic: Clinic | None, data: QueryDict) -> Start | None:
    asked, patient = str(data[START]), str(data.get("patient", ""))
    if clinic is not None and asked.startswith(FAVOURITE):
        return _favourite(request, clinic, asked.removeprefix(FAVOURITE))
    if clinic is None or not is_id(patient):
        messages.warning(request, _("Choose the patient first; then start as last time."))
        return None
    start = last_time(request, clinic, patient)
    if start is None:
        messages.warning(request, _("This patient has no completed session here yet. Nothing was filled in."))
    return start


def _favourite(request: HttpRequest, clinic: Clinic, pk: str) -> Start | None:
    found = favourites(request, clinic).filter(pk=int(pk)).first() if is_id(pk) else None
    if found is None:
        messages.warning(request, _("This favourite is not there any more. Nothing was filled in."))
        return None
    return favourite_start(found)


def _complete(data: QueryDict, clinic: Clinic | None, *, now: datetime) -> None:
    """What every form of a session posts, where the button stood on another page."""
    data.setdefault("variant", Variant.STANDARD.value)
    for prefix in ("areas", "products"):
        data.setdefault(f"{prefix}-TOTAL_FORMS", "0")
        data.setdefault(f"{prefix}-INITIAL_FORMS", "0")
    if clinic is not None:
        data.setdefault("clinic", str(clinic.pk))
        data.setdefault("ended_at", just_now(now).astimezone(clinic.time_zone).strftime(PICKER_FORMAT))


def _put(data: QueryDict, setup: Setup) -> list[str]:
    """Writes the set-up over what was posted. Gives the names of what was left out: not in use any more."""
    left = []
    for name, row in (("practitioner", setup.practitioner), ("protocol", setup.protocol)):
        if row.active:
            data[name] = str(row.pk)
        else:
            left.append(str(row))
    data["variant"] = setup.variant
    data["device"] = setup.device or data.get("device", "")
    lots = _lots(data)
    put_rows(data, "areas", [_area(area) for area in setup.areas])
    put_rows(data, "products", [_product(product, lots) for product in setup.products])
    return left


def _area(area: AreaSetup) -> dict[str, str]:
    return {"site": area.site, "depth_mm": str(area.depth_mm), "passes": str(area.passes)}


def _product(product: ProductSetup, lots: Mapping[str, str]) -> dict[str, str]:
    ticked = {"for_home": "on"} if product.for_home else {}
    return {"name": product.name, "lot": lots.get(product.name, ""), **ticked}


def _lots(data: QueryDict) -> dict[str, str]:
    """The lots typed so far, by product: they are today's and stay."""
    rows = range(count_rows(data, "products-TOTAL_FORMS"))
    return {data.get(f"products-{n}-name", ""): data.get(f"products-{n}-lot", "") for n in rows}


def put_rows(data: QueryDict, prefix: str, rows: Sequence[Mapping[str, str]]) -> None:
    """These rows instead of those on the page, of which none is stored while a session is new."""
    for name in [name for name in data if is_row(name, prefix)]:
        del data[name]
    for number, row in enumerate(rows):
        for name, value in row.items():
            data[f"{prefix}-{number}-{name}"] = value
    data[f"{prefix}-TOTAL_FORMS"] = str(len(rows))


def is_row(name: str, prefix: str) -> bool:
    """Whether it is like ``areas-2-site``."""
    parts = name.split("-")
    return len(parts) == 3 and parts[0] == prefix and parts[1].isdecimal()


def count_rows(data: QueryDict, name: str) -> int:
    """What a formset's ``name`` says; 100 at most, and none where it is nonsense."""
    given = data.get(name, "")
    return min(int(given), 100) if given.isdecimal() and len(given) < 5 else 0


def _said(start: Start, left: Sequence[str]) -> str:
    said = _("Filled in: %(title)s. Screening, consent, lots and times are asked anew. Nothing is saved yet.")
    out = _("Not in use any more, so choose another: %s.") % ", ".join(left) if left else ""
    return f"{said % {'title': start.title}} {out}".strip()
