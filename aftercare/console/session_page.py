"""A session's pages beside its form: what a completed one promised, and the plan of one being written."""

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.dates import dated
from aftercare.clinics.models import Clinic
from aftercare.clinics.places import place
from aftercare.console.lot_link import lot_link
from aftercare.console.session_acts import undo_until
from aftercare.console.session_overrides import overrides_said
from aftercare.console.session_plan import lines_of, plan_of
from aftercare.console.times import said, tag
from aftercare.treatments.completing import had_expired
from aftercare.treatments.models import SessionState, TreatmentSession
from aftercare.treatments.screening import Answer, questions_for

ROOM = "admin:treatments_treatmentsession"


def session_page(model_admin: Any, request: HttpRequest, session: TreatmentSession) -> TemplateResponse:
    if not model_admin.has_view_permission(request, session):
        raise PermissionDenied
    context = {
        **model_admin.admin_site.each_context(request),
        "title": str(session.patient),
        "subtitle": session.get_state_display(),
        "opts": model_admin.opts,
        "original": session,
        "object_id": session.pk,
        "session": session,
        "facts": _facts(session, request),
        "lines": _timeline(session),
        "zone": place(session.patient.zone),
        "acts": [one for one in model_admin.acts_for(request, session) if one["act"].name != "undo"],
        **_undo(model_admin, request, session),
        "correct_url": _correct_url(model_admin, request, session),
    }
    return TemplateResponse(request, "console/treatments/session_page.html", context)


def choose_clinic_page(model_admin: Any, request: HttpRequest, clinics: list[Clinic]) -> TemplateResponse:
    """Asks a user of several clinics for the clinic first: it says which clock and which choices."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Record a session"),
        "opts": model_admin.opts,
        "clinics": clinics,
    }
    return TemplateResponse(request, "console/treatments/choose_clinic.html", context)


def plan_view(model_admin: Any, request: HttpRequest, object_id: str = "") -> HttpResponse:
    """The plan of the form as it stands, as a piece of the page. Stores nothing."""
    session = model_admin.get_object(request, object_id) if object_id else None
    allowed = (
        model_admin.has_change_permission(request, session)
        if session
        else model_admin.has_add_permission(request)
    )
    if not allowed:
        raise PermissionDenied
    form = model_admin.get_form(request, session, change=session is not None)(
        request.POST, instance=session or TreatmentSession()
    )
    form.is_valid()
    plan = plan_of(form, now=timezone.now())
    return TemplateResponse(request, "console/treatments/plan.html", {"plan": plan})


def _timeline(session: TreatmentSession) -> list[Any]:
    rows = session.scheduled_messages.select_related("step", "patient__clinic", "session")
    return lines_of(rows.order_by("send_at", "step__number"))


def _undo(model_admin: Any, request: HttpRequest, session: TreatmentSession) -> dict[str, Any]:
    until = undo_until(session)
    if until is None or not model_admin.has_change_permission(request, session):
        return {}
    return {"undo_until": until, "undo_url": reverse(f"{ROOM}_undo", args=[session.pk])}


def _correct_url(model_admin: Any, request: HttpRequest, session: TreatmentSession) -> str:
    may = session.state == SessionState.COMPLETED and model_admin.has_change_permission(request, session)
    return reverse(f"{ROOM}_correct", args=[session.pk]) if may else ""


def _facts(session: TreatmentSession, request: HttpRequest) -> list[tuple[Any, Any]]:
    """What was recorded, as pairs of label and value; without what was left empty."""
    clinic_zone, patient_zone = session.clinic.time_zone, session.patient.zone
    own_time = said(session.ended_at, patient_zone) if patient_zone.key != clinic_zone.key else ""
    pairs = [
        (_("Ended"), tag(session.ended_at, clinic_zone)),
        (_("For the patient"), own_time),
        (_("Practitioner"), session.practitioner),
        (_("Protocol"), f"{session.protocol} · {session.get_variant_display()}"),
        (_("Areas"), ", ".join(_area(area) for area in session.areas.all())),
        (_("Products"), _products(session, request)),
        (_("Device"), session.device),
        (_("Cartridge lot"), lot_link(session.cartridge_lot, session.clinic_id, request)),
        (_("Cartridge expiry"), _day(session.cartridge_expires_on)),
        (_("Used although expired"), session.cartridge_note if had_expired(session) else ""),
        (_("Fitzpatrick type"), session.get_fitzpatrick_display()),
        (_("Screening"), _screening(session)),
        (_("Overridden by"), session.override_by),
        (_("Reason for the override"), session.override_reason),
        (_("Consent to the treatment"), _("Signed") if session.treatment_consent else ""),
        (_("What to expect"), session.recovery_note),
        (_("Set for this session"), overrides_said(session)),
        (_("Next visit"), _day(session.next_visit_on)),
        (_("Notes"), session.notes),
        (_("External id"), session.external_id),
        (_("Recorded by"), session.created_by),
        (_("Completed"), tag(session.completed_at, clinic_zone) if session.completed_at else ""),
        (_("Voided"), tag(session.voided_at, clinic_zone) if session.voided_at else ""),
        (_("Reason for voiding"), session.void_reason),
    ]
    return [(label, value) for label, value in pairs if value]


def _day(day: date | None) -> str:
    return dated(day, "D j M Y") if day else ""


def _area(area: Any) -> str:
    return _("%(site)s %(depth)s mm × %(passes)s") % {
        "site": area.get_site_display(),
        "depth": area.depth_mm,
        "passes": area.passes,
    }


def _products(session: TreatmentSession, request: HttpRequest) -> SafeString:
    named = ((product.name, product.lot) for product in session.products.all())
    lines = ((name, lot_link(lot, session.clinic_id, request)) for name, lot in named)
    return format_html_join(", ", "{}", ((_with_lot(name, lot),) for name, lot in lines))


def _with_lot(name: str, lot: str) -> str:
    return format_html("{} ({})", name, lot) if lot else name


def _screening(session: TreatmentSession) -> str:
    answers = session.screening or {}
    raised = [
        str(question.label)
        for question in questions_for(session.variant)
        if answers.get(question.code) in (Answer.YES, Answer.UNKNOWN)
    ]
    return ", ".join(raised) if raised else str(_("Nothing speaks against it"))
