"""What a new session may be started from, as a piece of its page that follows the chosen patient."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from aftercare.clinics.models import Clinic, Practitioner
from aftercare.console.session_starting import Start, clinic_asked, favourite_start, favourites, last_time


@dataclass(frozen=True, kw_only=True)
class Starts:
    """``last`` is the patient's last session here; favourites are the user's own and those of colleagues."""

    last: Start | None = None
    patient_chosen: bool = False
    own: Sequence[Start] = ()
    others: Mapping[Practitioner, Sequence[Start]] = field(default_factory=dict)


def starts_view(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """The piece for the clinic and the patient in the address. Stores nothing."""
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    clinic = clinic_asked(request, request.GET)
    starts = _starts(request, clinic, request.GET.get("patient", ""))
    return TemplateResponse(request, "console/treatments/starts.html", {"starts": starts})


def starts_of(request: HttpRequest, form: Any) -> Starts:
    """The same for the form of a new session as it stands."""
    return _starts(request, form.clinic, form["patient"].value())


def _starts(request: HttpRequest, clinic: Clinic | None, patient: Any) -> Starts:
    if clinic is None:
        return Starts()
    own: list[Start] = []
    others: dict[Practitioner, list[Start]] = defaultdict(list)
    for favourite in favourites(request, clinic):
        mine = favourite.practitioner.user_id == request.user.pk
        (own if mine else others[favourite.practitioner]).append(favourite_start(favourite))
    last = last_time(request, clinic, str(patient)) if patient else None
    return Starts(last=last, patient_chosen=bool(patient), own=own, others=dict(others))
