"""After a patient's address was corrected, the page that offers what the former one kept from them."""

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftercare.clinics.models import Patient
from aftercare.console.access import user_of
from aftercare.console.session_plan import line_of
from aftercare.outbox.readdressing import kept_from, may_reach_now, send_to_new_address

if TYPE_CHECKING:
    from aftercare.console.patients import PatientAdmin

NAME = "clinics_patient_readdress"


def readdress_url(patient: Patient) -> str:
    return reverse(f"admin:{NAME}", args=[patient.pk])


def readdress_path(admin: "PatientAdmin") -> URLPattern:
    view = admin.admin_site.admin_view(partial(readdress_page, admin))
    return path("<path:object_id>/readdress/", view, name=NAME)


def has_something_to_offer(patient: Patient) -> bool:
    return bool(kept_from(patient, now=timezone.now()))


def offer_of(patient: Patient) -> dict[str, Any]:
    """For the patient's page: how many messages may still go to the address they have now, and where."""
    count = len(may_reach_now(patient, now=timezone.now()))
    return {"may_be_sent_again": count, "readdress_url": readdress_url(patient)}


def readdress_page(admin: "PatientAdmin", request: HttpRequest, object_id: str) -> HttpResponseBase:
    """Lists what may still be sent; sends what was ticked."""
    patient = admin.row(request, object_id, to_change=True)
    if request.method == "POST":
        return _send(request, patient)
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": _("Send to the corrected address"),
        "patient": patient,
        "lines": [line_of(row) for row in kept_from(patient, now=timezone.now())],
        "back": _page_of(patient),
    }
    return TemplateResponse(request, "console/clinics/readdress.html", context)


def _send(request: HttpRequest, patient: Patient) -> HttpResponseBase:
    ids = _ids(request.POST.getlist("message"))
    if not ids:
        messages.info(request, _("Nothing was sent."))
        return HttpResponseRedirect(_page_of(patient))
    count = send_to_new_address(patient, ids, by=user_of(request), now=timezone.now())
    said = ngettext("%d message goes to the new address.", "%d messages go to the new address.", count)
    messages.success(request, said % count)
    return HttpResponseRedirect(_page_of(patient))


def _ids(given: list[str]) -> list[UUID]:
    try:
        return [UUID(each) for each in given]
    except ValueError:
        raise Http404 from None


def _page_of(patient: Patient) -> str:
    return reverse("admin:clinics_patient_change", args=[patient.pk])
