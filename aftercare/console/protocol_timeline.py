"""The timeline above a protocol's form: drawn from the steps as they stand there, saved or not."""

from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.forms import inlineformset_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone

from aftercare.clinics.places import usual_zones
from aftercare.console.protocol_plan import PlanForm, initial_plan, plan_of
from aftercare.console.protocol_steps import StepForm, StepFormSet
from aftercare.protocols.models import Protocol, ProtocolStep

PREFIX = "timeline"
TEMPLATE = "console/protocols/timeline.html"
MOST_STEPS = 100
"""More are drawn by nobody; a form that claims them is not read."""


def timeline_page(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The picture alone, for the form that was posted; nothing is stored."""
    protocol = get_object_or_404(admin.get_queryset(request).select_related("clinic"), pk=pk)
    if not admin.has_change_permission(request, protocol):
        raise PermissionDenied
    form = PlanForm(request.POST, prefix=PREFIX)
    context: dict[str, Any] = {"form": form, "editable": True}
    if form.is_valid():
        formset = _formset(request, protocol)
        steps = formset.readable_steps()
        asked = {"ended_local": form.cleaned_data["ended_at"], "zone": form.cleaned_data["zone"]}
        context["plan"] = plan_of(protocol, **asked, steps=steps)
        context["left_out"] = formset.count_unreadable()
    return TemplateResponse(request, TEMPLATE, context)


def timeline_context(protocol: Protocol) -> dict[str, Any]:
    """For the page itself: a treatment that ends now, on the clinic's clock."""
    data = initial_plan(protocol, now=timezone.now())
    form = PlanForm({f"{PREFIX}-{name}": value for name, value in data.items()}, prefix=PREFIX)
    form.is_valid()
    asked = {"ended_local": form.cleaned_data["ended_at"], "zone": form.cleaned_data["zone"]}
    zones = usual_zones()
    return {"timeline_form": form, "zones": zones, "plan": plan_of(protocol, **asked), "editable": True}


def _formset(request: HttpRequest, protocol: Protocol) -> StepFormSet:
    made = inlineformset_factory(
        Protocol, ProtocolStep, form=StepForm, formset=StepFormSet, extra=0, max_num=MOST_STEPS
    )
    return cast(StepFormSet, made(data=request.POST, instance=protocol, prefix="steps"))
