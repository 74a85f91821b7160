"""Who opened a patient's pages, and who took lists out: all of it, a page at a time, for owners."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.models import Clinic
from aftercare.clinics.readings import ListReading, Reading
from aftercare.console.access import OWNERS, access_of
from aftercare.console.times import said

A_PAGE = 50


def patient_readings_page(admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    patient = admin.get_object(request, str(pk))
    rows = Reading.objects.filter(patient=patient).select_related("user").order_by("-at", "-pk")
    title = _("Who opened this patient's pages")
    return _page(admin, request, patient, patient.clinic, rows, title)


def clinic_readings_page(admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    clinic = admin.get_object(request, str(pk))
    rows = ListReading.objects.filter(clinic=clinic).select_related("user").order_by("-at", "-pk")
    return _page(admin, request, clinic, clinic, rows, _("Who took lists of patients out"))


def _page(
    admin: Any, request: HttpRequest, row: Any, clinic: Clinic, rows: QuerySet[Any], title: Promise
) -> HttpResponse:
    if not access_of(request).holds(OWNERS, clinic.pk):
        raise PermissionDenied
    shown = Paginator(rows, A_PAGE).get_page(request.GET.get("p"))
    context = {
        **admin.admin_site.each_context(request),
        "title": title,
        "subtitle": str(row),
        "opts": admin.opts,
        "original": row,
        "page": shown,
        "lines": [(said(one.at, clinic.time_zone), one) for one in shown],
        "of_lists": rows.model is ListReading,
    }
    return TemplateResponse(request, "console/clinics/readings.html", context)
