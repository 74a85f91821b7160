"""Looking at a text as the patient will, and approving it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from aftercare.clinics.models import Clinic, Practitioner
from aftercare.clinics.readings import Page
from aftercare.console.access import is_id, user_of
from aftercare.console.approving import approver_of, factor_again_first
from aftercare.console.content_approving import ApprovalForm, approval_form, planned_count
from aftercare.console.content_drafts import placed
from aftercare.console.frames import framed
from aftercare.console.reading_log import note_opened_row, opened
from aftercare.console.times import said
from aftercare.content.approval import ApprovalRefused, approval_digest, approve, problems_of
from aftercare.content.compiling import Source, compile_source
from aftercare.content.models import TemplateVersion, VersionStatus
from aftercare.content.placeholders import Values, sample_values
from aftercare.content.problems import ContentError, Problem
from aftercare.content.publishing import brand_of, source_of, written_in
from aftercare.content.rendering import Rendered, render
from aftercare.outbox.refusing import Refused
from aftercare.outbox.sending_tests import send_test
from aftercare.outbox.values import message_values
from aftercare.treatments.models import TreatmentSession

RECENT_SESSIONS = 12


@dataclass(frozen=True)
class Preview:
    """A message as a patient would get it; ``preheader`` is what mail programs show after the subject."""

    message: Rendered
    preheader: str
    values: Values


def preview_page(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The text on a phone, on a desktop and as plain text, filled with the sample or a real session."""
    version = _version(admin, request, pk)
    sessions = recent_sessions(request, version)
    session = chosen_session(request, version, request.GET.get("session", ""))
    context: dict[str, Any] = {
        "sessions": sessions if session is None or session in sessions else [session, *sessions],
        "session": session,
        "frame_url": _frame_url(version, session),
        "may_approve": admin.has_approve_permission(request, version),  # type: ignore[attr-defined]
    }
    try:
        context["preview"] = preview(version, session)
    except ContentError as error:
        context["problems"] = placed(version, error.problems)
    return _page(admin, request, version, "console/content/preview.html", {**context, "title": _("Preview")})


def preview_frame(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML of the message alone, for a frame that may run nothing and load only the logo."""
    version = _version(admin, request, pk)
    try:
        session = chosen_session(request, version, request.GET.get("session", ""))
        html = preview(version, session).message.html
    except ContentError:
        return HttpResponse(_("This text cannot be shown yet."), status=409, content_type="text/plain")
    return framed(html)


def approve_page(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponseBase:
    """Shows the text and the name and licence number that an approval records; approves it on POST."""
    version = _version(admin, request, pk)
    if not admin.has_approve_permission(request, version):  # type: ignore[attr-defined]
        raise PermissionDenied
    approver = approver_of(request, version.template.clinic_id)
    form = approval_form(request.POST or None)
    digest = approval_digest(version)
    context: dict[str, Any] = {"approver": approver, "digest": digest, "title": _("Approve")}
    context |= {"form": form, "planned": planned_count(version)}
    problems: list[Problem] = problems_of(version) if version.status == VersionStatus.DRAFT else []
    if request.method == "POST" and approver and form.is_valid():
        if way := factor_again_first(request):
            return way
        try:
            _approve_as_read(request, version, approver, form)
        except ApprovalRefused as refused:
            context["refusal"] = refused.message
        except ContentError as error:
            problems = list(error.problems)
        else:
            messages.success(request, _("Approved. From now on messages are sent with this text."))
            return redirect(reverse("admin:content_messagetemplate_change", args=[version.template_id]))
    context |= {"problems": placed(version, problems), "frame_url": _frame_url(version, None)}
    return _page(admin, request, version, "console/content/approve.html", context)


def try_page(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponseBase:
    """Sends the text to the user alone, filled with the sample or a real session."""
    version = _version(admin, request, pk)
    if not admin.has_approve_permission(request, version):  # type: ignore[attr-defined]
        raise PermissionDenied
    user = user_of(request)
    session = chosen_session(request, version, request.POST.get("session", ""))
    try:
        send_test(version, preview(version, session).message, to=user, now=timezone.now())
    except ContentError:
        messages.error(request, _("This text cannot be sent until its problems are mended."))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        note_opened_row(request)
        messages.success(request, _("A test is on its way to %(address)s.") % {"address": user.email})
    return redirect(reverse("admin:content_templateversion_preview", args=[version.pk]))


def preview(version: TemplateVersion, session: TreatmentSession | None) -> Preview:
    """The version filled with a session's values, else the sample's. Raises ContentError."""
    clinic = version.template.clinic
    wanted = session.patient.written_locale if session else clinic.locale
    locale = written_in(version, locale=wanted, clinic=clinic)
    sample = _sample(clinic, locale)
    values = sample if session is None else {**sample, **message_values(session, locale=locale)}
    brand = brand_of(clinic, asks=version.template.asks_check_in)
    message = render(compile_source(source_of(version), brand=brand, locale=locale), values)
    # A preheader is a line of plain words, as a subject is; compiled as one, it can be read on its own.
    alone = Source(subject=version.preheader, preheader="", body="…")
    preheader = render(compile_source(alone, brand=brand, locale=locale), values).subject
    return Preview(message, preheader, values)


def _sample(clinic: Clinic, locale: str) -> Values:
    """The sample message's values, with the clinic's own name and contacts."""
    values = sample_values(locale)
    values["clinic"] = {
        "name": clinic.name,
        "phone": clinic.phone,
        "out_of_hours": clinic.out_of_hours_contact,
        "emergency_number": clinic.emergency_number,
    }
    return values


def _approve_as_read(
    request: HttpRequest, version: TemplateVersion, approver: Practitioner, form: ApprovalForm
) -> None:
    if request.POST.get("digest") != approval_digest(version):
        raise ApprovalRefused(
            _("Somebody changed this text, or how it is used, while you were reading it. Read it again.")
        )
    approve(version, by=approver, now=timezone.now(), **form.choices_made())


def _version(admin: ModelAdmin, request: HttpRequest, pk: int) -> TemplateVersion:
    visible = admin.get_queryset(request).select_related("template__clinic")
    return get_object_or_404(visible, pk=pk)


def recent_sessions(request: HttpRequest, version: TemplateVersion) -> list[TreatmentSession]:
    return list(_sessions(request, version).order_by("-ended_at")[:RECENT_SESSIONS])


def session_choices(request: HttpRequest, version: TemplateVersion) -> list[tuple[int, str]]:
    """The same by id, in words: who was treated, by which plan, and when."""
    return [
        (each.pk, f"{each.patient} · {each.protocol} · {said(each.ended_at, each.clinic.time_zone)}")
        for each in recent_sessions(request, version)
    ]


def _sessions(request: HttpRequest, version: TemplateVersion) -> QuerySet[TreatmentSession]:
    visible = TreatmentSession.objects.for_user(request.user).filter(clinic=version.template.clinic_id)
    visible = visible.filter(areas__isnull=False).distinct()  # a message needs a treated area
    return visible.select_related("clinic", "patient__clinic", "protocol", "practitioner")


def chosen_session(request: HttpRequest, version: TemplateVersion, wanted: str) -> TreatmentSession | None:
    """The session asked for, if any; one of another clinic is as good as none at all: 404."""
    if not wanted:
        return None
    if not is_id(wanted):
        raise Http404
    session = get_object_or_404(_sessions(request, version), pk=wanted)
    opened(request, session, Page.PREVIEW)
    return session


def _frame_url(version: TemplateVersion, session: TreatmentSession | None) -> str:
    url = reverse("admin:content_templateversion_frame", args=[version.pk])
    return f"{url}?{urlencode({'session': session.pk})}" if session else url


def _page(
    admin: ModelAdmin, request: HttpRequest, version: TemplateVersion, template: str, context: dict[str, Any]
) -> TemplateResponse:
    shared = {"opts": admin.opts, "original": version, "version": version, "clinic": version.template.clinic}
    return TemplateResponse(
        request, template, {**admin.admin_site.each_context(request), **shared, **context}
    )
