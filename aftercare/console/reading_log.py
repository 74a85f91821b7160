"""Which pages show a patient, and the note that a member of staff opened one."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from aftercare.checkins.models import CheckIn
from aftercare.clinics.models import Clinic, Patient
from aftercare.clinics.readings import (
    SLOT,
    ListReading,
    Page,
    Reading,
    Taken,
    note_list_reading,
    note_reading,
)
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
TAKEN: Mapping[type[Model], Taken] = {Patient: Taken.PATIENTS, TreatmentSession: Taken.SESSIONS}
"""What the export of a list is called. A list without a name here is not exported."""
NEWEST = 20
OK = 200


def opened(request: HttpRequest, row: Any, page: Page | None = None) -> None:
    """Tells that the request's answer will show this row, on the page of its kind unless another is named."""
    request.opened_row = row  # type: ignore[attr-defined]
    request.opened_page = page or SHOWING.get(type(row))  # type: ignore[attr-defined]


def note_what_was_opened(request: HttpRequest, response: HttpResponseBase) -> None:
    """After a page was shown: one row, unless the page shows no patient or was opened just now already."""
    if response.status_code == OK:
        note_opened_row(request)


def note_opened_row(request: HttpRequest) -> None:
    """The same for what was shown otherwise than by the request's answer, as in a mail."""
    row: Any = getattr(request, "opened_row", None)
    page = getattr(request, "opened_page", None)
    if page is None:
        return
    patient = row if isinstance(row, Patient) else row.patient
    note_reading(patient=patient, user=user_of(request), page=page, row=row.pk, now=timezone.now())


def readings_shown(request: HttpRequest, patient: Patient) -> list[tuple[str, Reading]] | None:
    """The newest openings of the patient's pages with their times, for owners; None for others."""
    if not access_of(request).holds(OWNERS, patient.clinic_id):
        return None
    rows = Reading.objects.filter(patient=patient).select_related("user").order_by("-at")[:NEWEST]
    return [(said(row.at, patient.clinic.time_zone), row) for row in rows]


def note_export(request: HttpRequest, rows: QuerySet[Any], *, kind: str) -> None:
    """That these rows leave as a file of this kind."""
    counted = rows.order_by().values_list("clinic").annotate(count=Count("pk", distinct=True))
    now = timezone.now()
    note_list_reading(
        rows=dict(counted), user=user_of(request), taken=TAKEN[rows.model], detail=kind, now=now
    )


def note_lot(request: HttpRequest, clinic: Clinic, *, lot: str, count: int) -> None:
    """That the patients treated with the lot are shown; nothing where nobody was, or as many just now."""
    now, user = timezone.now(), user_of(request)
    just_now = ListReading.objects.filter(clinic=clinic, user=user, at__gt=now - SLOT)
    again = just_now.filter(taken=Taken.LOT, detail__iexact=lot, rows=count)
    if count and not again.exists():
        note_list_reading(rows={clinic.pk: count}, user=user, taken=Taken.LOT, detail=lot, now=now)
