"""A protocol's own pages: the plan it gives, its pause, and the shipped protocols a clinic may take."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.models import Clinic, User
from aftercare.clinics.places import usual_zones
from aftercare.console import resuming
from aftercare.console.protocol_plan import PlanForm, initial_plan, plan_of
from aftercare.outbox.pausing import pause_protocol, resume_protocol
from aftercare.protocols.installing import install
from aftercare.protocols.library import load, slugs
from aftercare.protocols.models import Protocol


class PauseForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Colleagues read it beside every message that is held."),
        error_messages={"required": _("Write why, for whoever asks later.")},
    )


@dataclass(frozen=True)
class Shipped:
    """A shipped protocol, and the clinics that do not have it."""

    slug: str
    name: str
    clinics: list[Clinic]


def shipped_for(clinics: Iterable[Clinic]) -> list[Shipped]:
    """The shipped protocols that any of these clinics lacks."""
    found = []
    for slug in slugs():
        owned = Protocol.objects.filter(slug=slug, clinic__in=clinics)
        having = set(owned.values_list("clinic_id", flat=True))
        lacking = [clinic for clinic in clinics if clinic.pk not in having]
        if lacking:
            found.append(Shipped(slug, load(slug).name, lacking))
    return found


def install_page(admin: ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """Gives one clinic its copy of a shipped protocol."""
    slug, clinic_id = request.POST.get("slug", ""), request.POST.get("clinic", "")
    editable = admin.editable_clinics(request)  # type: ignore[attr-defined]
    clinic = next((clinic for clinic in editable if str(clinic.pk) == clinic_id), None)
    if clinic is None or slug not in slugs():
        raise PermissionDenied
    protocol = install(slug, clinic=clinic)
    messages.success(
        request,
        _("Installed. Its texts are drafts: nothing is sent before a clinician has approved them."),
    )
    return redirect(reverse("admin:protocols_protocol_change", args=[protocol.pk]))


def plan_page(admin: ModelAdmin, request: HttpRequest, pk: int) -> TemplateResponse:
    """Each step's local time, window and why it moved, for a session that ended at a chosen time."""
    protocol = _protocol(admin, request, pk)
    asked = request.GET if "ended_at" in request.GET else initial_plan(protocol, now=timezone.now())
    form = PlanForm(asked)
    context: dict[str, Any] = {
        "form": form,
        "title": _("Plan preview"),
        "zones": usual_zones(),
    }
    if form.is_valid():
        asked_for = {"ended_local": form.cleaned_data["ended_at"], "zone": form.cleaned_data["zone"]}
        context["plan"] = plan_of(protocol, **asked_for)
    return _page(admin, request, protocol, "console/protocols/plan.html", context)


def pause_page(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponseBase:
    """Holds the protocol's unsent messages, for a reason."""
    protocol = _editable(admin, request, pk)
    form = PauseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        pause_protocol(protocol, reason=reason, by=cast(User, request.user), now=timezone.now())
        messages.success(request, _("Paused. Its messages are held until you resume it."))
        return _back_to(protocol)
    context = {"form": form, "title": _("Pause")}
    return _page(admin, request, protocol, "console/protocols/pause.html", context)


def resume_page(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponseBase:
    """The review before the protocol's held messages are released, those whose window holds."""
    protocol = _editable(admin, request, pk)
    if protocol.paused_at is None:
        messages.warning(request, _("Nothing was done: this is not possible any more."))
        return _back_to(protocol)
    by = cast(User, request.user)
    return resuming.resume_page(
        request,
        resuming.Resuming(
            what=protocol,
            row=protocol,
            title=_("Resume the protocol"),
            button=_("Resume the protocol"),
            back=_url(protocol),
            run=lambda pace: resume_protocol(protocol, by=by, now=timezone.now(), per_minute=pace),
            context=_context(admin, request, protocol),
        ),
    )


def _protocol(admin: ModelAdmin, request: HttpRequest, pk: int) -> Protocol:
    return get_object_or_404(admin.get_queryset(request).select_related("clinic"), pk=pk)


def _editable(admin: ModelAdmin, request: HttpRequest, pk: int) -> Protocol:
    protocol = _protocol(admin, request, pk)
    if not admin.has_change_permission(request, protocol):
        raise PermissionDenied
    return protocol


def _url(protocol: Protocol) -> str:
    return reverse("admin:protocols_protocol_change", args=[protocol.pk])


def _back_to(protocol: Protocol) -> HttpResponseRedirect:
    return HttpResponseRedirect(_url(protocol))


def _context(admin: ModelAdmin, request: HttpRequest, protocol: Protocol) -> dict[str, Any]:
    shared = {"opts": admin.opts, "original": protocol, "protocol": protocol, "clinic": protocol.clinic}
    return {**admin.admin_site.each_context(request), **shared}


def _page(
    admin: ModelAdmin, request: HttpRequest, protocol: Protocol, template: str, context: dict[str, Any]
) -> TemplateResponse:
    return TemplateResponse(request, template, {**_context(admin, request, protocol), **context})
