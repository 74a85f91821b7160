"""Which pages show a patient, and the note that a member of staff opened one."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from aftercare.checkins.models import CheckIn
from aftercare.clinics.models import Patient
from aftercare.clinics.readings import Page, Reading, note_reading
from aftercare.console.access import OWNERS, access_of, user_of
from aftercare.console.times import said
from aftercare.followups.models import FollowUpTask
from aftercare.outbox.models import ScheduledMessage
from aftercare.treatments.models import TreatmentSession

SHOWING: Mapping[type[Model], Page] = {
    Patient: Page.PATIENT,
    TreatmentSession: Page.SESSION,
    ScheduledMessage: Page.MESSAGE,
    CheckIn: Page.CHECK_IN,
    FollowUpTask: Page.TASK,
}
NEWEST = 20
OK = 200


def opened(request: HttpRequest, row: Any) -> None:
    """Tells that the request's answer will show this row."""
    request.opened_row = row  # type: ignore[attr-defined]


def note_what_was_opened(request: HttpRequest, response: HttpResponseBase) -> None:
    """After a page was shown: one row, unless the page shows no patient or was opened just now already."""
    row: Any = getattr(request, "opened_row", None)
    page = SHOWING.get(type(row))
    if page is None or request.method != "GET" or response.status_code != OK:
        return
    patient = row if isinstance(row, Patient) else row.patient
    note_reading(patient=patient, user=user_of(request), page=page, row=row.pk, now=timezone.now())


def readings_shown(request: HttpRequest, patient: Patient) -> list[tuple[str, Reading]] | None:
    """The newest openings of the patient's pages with their times, for owners; None for others."""
    if not access_of(request).holds(OWNERS, patient.clinic_id):
        return None
    rows = Reading.objects.filter(patient=patient).select_related("user").order_by("-at")[:NEWEST]
    return [(said(row.at, patient.clinic.time_zone), row) for row in rows]
