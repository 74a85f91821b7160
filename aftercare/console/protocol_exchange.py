"""A protocol out of the console as JSON, into it, and once more under another name."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget

from aftercare.clinics.models import Clinic, User
from aftercare.console.access import user_of
from aftercare.content.approval import writers_of
from aftercare.protocols.exchanging import LARGEST, NotAProtocol, read, written
from aftercare.protocols.installing import Writers, install_copy
from aftercare.protocols.library import ShippedProtocol, load, slugs
from aftercare.protocols.models import Protocol
from aftercare.protocols.schema import Mistake, protocol_schema


class ImportForm(forms.Form):
    """A document as a file, or as the text of the page that showed what is in it."""

    file = forms.FileField(label=_("File (JSON)"), widget=UnfoldAdminFileFieldWidget, required=False)
    document = forms.CharField(required=False, widget=forms.HiddenInput, max_length=LARGEST, strip=False)

    def text(self) -> str | bytes:
        """What is to be read; empty if nothing was given. Call it on a valid form."""
        file = self.cleaned_data["file"]
        return file.read(LARGEST + 1) if file else self.cleaned_data["document"]


class CopyForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the copy"),
        max_length=120,
        error_messages={"required": _("Give the copy a name of its own.")},
    )


@dataclass(frozen=True)
class Reading:
    """What was made of a document: a plan, or its mistakes."""

    document: str
    plan: ShippedProtocol | None = None
    mistakes: tuple[Mistake, ...] = ()


def export_page(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The protocol as a file."""
    protocol = _protocol(admin, request, pk)
    response = HttpResponse(written(protocol), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{protocol.slug}.protocol.json"'
    return response


def schema_page(_request: HttpRequest) -> JsonResponse:
    """What a document must look like, for whoever writes one."""
    return JsonResponse(protocol_schema(), json_dumps_params={"indent": 2})


def import_page(admin: ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """Reads a document and shows what is in it; takes it in when that was confirmed."""
    clinics = _clinics(admin, request)
    posted = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if posted else ImportForm()
    reading = _reading(form) if posted and form.is_valid() else None
    clinic = _chosen(clinics, request.POST.get("clinic", ""))
    if reading and reading.plan and clinic and "confirmed" in request.POST:
        return _installed(request, install_copy(reading.plan, clinic=clinic, writers=_by(request)))
    context = {
        "form": form,
        "clinics": clinics,
        "chosen": clinic,
        "reading": reading,
        "library": [load(slug) for slug in slugs()],
        "title": _("Import or copy a protocol"),
    }
    return _page(admin, request, "console/protocols/import.html", context)


def library_page(admin: ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """One more copy of a protocol of the library."""
    clinic = _chosen(_clinics(admin, request), request.POST.get("clinic", ""))
    slug = request.POST.get("slug", "")
    if clinic is None or slug not in slugs():
        raise PermissionDenied
    return _installed(request, install_copy(load(slug), clinic=clinic))


def copy_page(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponseBase:
    """The protocol once more, under another name; its texts become drafts."""
    protocol = _protocol(admin, request, pk)
    if not admin.has_change_permission(request, protocol):
        raise PermissionDenied
    form = CopyForm(request.POST or None, initial={"name": _("%s (copy)") % protocol})
    context = {"form": form, "protocol": protocol, "clinic": protocol.clinic, "title": _("Copy")}
    if request.method == "POST" and form.is_valid():
        try:
            plan = read(written(protocol))
        except NotAProtocol as error:
            context["mistakes"] = error.mistakes
        else:
            name = form.cleaned_data["name"]
            made = install_copy(plan, clinic=protocol.clinic, name=name, writers=_writers(protocol))
            return _installed(request, made)
    return _page(admin, request, "console/protocols/copy.html", context)


def _by(request: HttpRequest) -> Writers:
    """Words from a file are those of whoever takes it in: nobody knows who wrote them."""
    return lambda _step, _language: [user_of(request)]


def _writers(protocol: Protocol) -> Writers:
    """Those who wrote the words that are copied, in whatever version."""
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for step in protocol.steps.select_related("template"):
        for version in step.template.versions.all():
            found[step.slug, version.language] |= writers_of(version)
    return lambda step, language: list(User.objects.filter(pk__in=found[step, language]).order_by("pk"))


def _reading(form: ImportForm) -> Reading | None:
    text = form.text()
    if not text:
        form.add_error("file", _("Choose a file."))
        return None
    try:
        plan = read(text)
    except NotAProtocol as error:
        return Reading("", mistakes=error.mistakes)
    return Reading(text.decode("utf-8-sig") if isinstance(text, bytes) else text, plan)


def _installed(request: HttpRequest, protocol: Protocol) -> HttpResponse:
    said = _("It is there. Its texts are drafts: nothing is sent before a clinician has approved them.")
    messages.success(request, said)
    return redirect(reverse("admin:protocols_protocol_change", args=[protocol.pk]))


def _clinics(admin: ModelAdmin, request: HttpRequest) -> list[Clinic]:
    """The clinics a protocol may be made for; for nobody else is this page."""
    clinics = admin.editable_clinics(request)  # type: ignore[attr-defined]
    if not clinics:
        raise PermissionDenied
    return clinics


def _chosen(clinics: list[Clinic], wanted: str) -> Clinic | None:
    if not wanted and len(clinics) == 1:
        return clinics[0]
    return next((clinic for clinic in clinics if str(clinic.pk) == wanted), None)


def _protocol(admin: ModelAdmin, request: HttpRequest, pk: int) -> Protocol:
    return get_object_or_404(admin.get_queryset(request).select_related("clinic"), pk=pk)


def _page(
    admin: ModelAdmin, request: HttpRequest, template: str, context: dict[str, Any]
) -> TemplateResponse:
    shared = {**admin.admin_site.each_context(request), "opts": admin.opts}
    return TemplateResponse(request, template, {**shared, **context})
