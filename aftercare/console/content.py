"""The versions of a message template: written as drafts, looked at, approved by a named clinician."""

from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from aftercare.clinics.models import Clinic, Locale, User
from aftercare.console.access import WRITERS, is_id
from aftercare.console.content_drafts import DraftForm, NewDraftForm, by_field, draft_of, placed
from aftercare.console.content_history import compare_page, restore_page
from aftercare.console.content_live import WORDS, live_page
from aftercare.console.content_pages import (
    approve_page,
    preview_frame,
    preview_page,
    session_choices,
    try_page,
)
from aftercare.console.lists import ScopedRelatedFilter, instant_of
from aftercare.console.placeholder_menu import placeholder_menu
from aftercare.console.saving import OneSaveButton
from aftercare.console.scoping import ScopedHistoryAdmin
from aftercare.content.approval import problems_of, save_draft
from aftercare.content.models import Language, MessageTemplate, TemplateVersion, VersionStatus
from aftercare.content.publishing import source_of, written_in


@admin.register(TemplateVersion)
class TemplateVersionAdmin(OneSaveButton, ScopedHistoryAdmin):
    """A draft is edited here, looked at and approved; an approved or retired version is only read."""

    tells_of_colleagues = False  # it has its own way
    empty_hint = _("Texts are written on the page of their template.")
    edit_roles = WRITERS
    change_form_template = "console/content/version_form.html"
    list_display = (
        "template",
        "language",
        "number",
        "status",
        "approver_name",
        instant_of("approved_at", _("approved at")),
    )
    list_filter = (("template__clinic", ScopedRelatedFilter), "language", "status")
    list_select_related = ("template__clinic",)
    search_fields = ("template__name", "subject", "body")

    def get_urls(self) -> list[URLPattern]:
        pages = (("preview", preview_page), ("frame", preview_frame), ("approve", approve_page))
        texts = (("compare", compare_page), ("restore", restore_page))
        return [
            self._url("live/", "live", require_POST(live_page)),
            self._url("<int:pk>/test/", "test", require_POST(partial(try_page, self))),
            *(self._url(f"<int:pk>/{name}/", name, partial(view, self)) for name, view in pages),
            *(self._url(f"{name}/", name, partial(view, self)) for name, view in texts),
            *super().get_urls(),
        ]

    def _url(self, route: str, name: str, view: Any) -> URLPattern:
        return path(route, self.admin_site.admin_view(view), name=f"content_templateversion_{name}")

    def get_fields(self, request: HttpRequest, obj: TemplateVersion | None = None) -> tuple[str, ...]:
        return WORDS if obj else ("template", "language", *WORDS)

    def get_form(
        self, request: HttpRequest, obj: TemplateVersion | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        kwargs["form"] = DraftForm if obj else NewDraftForm
        return super().get_form(request, obj, change, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: TemplateVersion | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_delete_permission(self, request: HttpRequest, obj: TemplateVersion | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_approve_permission(self, request: HttpRequest, obj: TemplateVersion) -> bool:
        return super().has_change_permission(request, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new draft starts from the version named by ``from``, if the user may see it."""
        initial = super().get_changeform_initial_data(request)
        start = request.GET.get("from", "")
        initial = {name: words for name, words in initial.items() if name in NewDraftForm.base_fields}
        origin = self.get_queryset(request).filter(pk=start).first() if is_id(start) else None
        if origin is None:
            return initial
        words = source_of(origin)
        own = {"subject": words.subject, "preheader": words.preheader, "body": words.body}
        return {"template": origin.template_id, "language": origin.language, **own}

    def save_model(self, request: HttpRequest, obj: TemplateVersion, form: ModelForm, change: bool) -> None:
        """Through the operation: it numbers a new draft and keeps one per language."""
        author = cast(User, request.user)
        saved = save_draft(template=obj.template, language=obj.language, source=source_of(obj), author=author)
        obj.pk, obj.number, obj.author = saved.pk, saved.number, author

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        menu = {"menu": placeholder_menu(self._locale_asked(request)), "placed": {}}
        return super().add_view(request, form_url, {**(extra_context or {}), **menu})

    def _locale_asked(self, request: HttpRequest) -> str:
        """That of the new draft as far as its template and language are known; else the clinic's."""
        given = {**self.get_changeform_initial_data(request), **request.POST.dict()}
        clinics = self.editable_clinics(request)
        clinic = _clinic_of(str(given.get("template", "")), clinics) or next(iter(clinics), None)
        if clinic is None or given.get("language") not in Language.values:
            return clinic.locale if clinic else Locale.values[0]
        return written_in(TemplateVersion(language=given["language"]), locale=clinic.locale, clinic=clinic)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        frozen = not _is_draft(version) and self.has_approve_permission(request, version)
        if request.method == "POST" and frozen:
            return _too_late(self, request, version)
        shown = _shown(self, request, version)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def response_add(
        self, request: HttpRequest, obj: TemplateVersion, post_url_continue: str | None = None
    ) -> HttpResponse:
        return _after_saving(request, obj)

    def response_change(self, request: HttpRequest, obj: TemplateVersion) -> HttpResponse:
        return _after_saving(request, obj)


def _too_late(admin: TemplateVersionAdmin, request: HttpRequest, version: TemplateVersion) -> HttpResponse:
    """Words for a draft that was approved while they were written: shown, so that they can be kept."""
    context = {
        **admin.admin_site.each_context(request),
        "title": _("This text was approved meanwhile"),
        "opts": admin.opts,
        "version": version,
        "clinic": version.template.clinic,
        "mine": {name: request.POST.get(name, "") for name in WORDS},
        "other_draft": draft_of(version.template, version.language),
    }
    return TemplateResponse(request, "console/content/too_late.html", context, status=409)


def _clinic_of(template: str, clinics: list[Clinic]) -> Clinic | None:
    """The one of these clinics whose template has this id; None for what is no id of theirs."""
    if not is_id(template):
        return None
    found = MessageTemplate.objects.filter(pk=template, clinic__in=clinics).select_related("clinic").first()
    return found.clinic if found else None


def _is_draft(version: TemplateVersion | None) -> bool:
    return version is None or version.status == VersionStatus.DRAFT


def _shown(admin: TemplateVersionAdmin, request: HttpRequest, version: TemplateVersion) -> dict[str, Any]:
    """What the version's page shows around its words."""
    clinic = version.template.clinic
    problems = placed(version, problems_of(version)) if _is_draft(version) else []
    return {
        "version": version,
        "clinic": clinic,
        "title": str(version),
        "placed": by_field(problems),
        "problem_count": len(problems),
        "menu": placeholder_menu(written_in(version, locale=clinic.locale, clinic=clinic)),
        "sessions": session_choices(request, version),
        "may_approve": _is_draft(version) and admin.has_approve_permission(request, version),
        "earlier": _earlier(version),
        "may_draft": admin.has_approve_permission(request, version),
        "other_draft": None if _is_draft(version) else draft_of(version.template, version.language),
    }


def _earlier(version: TemplateVersion) -> TemplateVersion | None:
    """The version before this one in its language, if there is one."""
    before = version.template.versions.filter(language=version.language, number__lt=version.number)
    return before.order_by("-number").first()


def _after_saving(request: HttpRequest, version: TemplateVersion) -> HttpResponse:
    """Stays with the draft, says what still forbids its approval, or goes on to the preview."""
    if problems := problems_of(version):
        count = len(problems)
        warning = ngettext(
            "Saved. It cannot be approved until %(count)d problem is mended.",
            "Saved. It cannot be approved until %(count)d problems are mended.",
            count,
        )
        messages.warning(request, warning % {"count": count})
    else:
        messages.success(request, _("Saved. Look at the preview, then have it approved."))
    page = "preview" if "_preview" in request.POST else "change"
    return HttpResponseRedirect(reverse(f"admin:content_templateversion_{page}", args=[version.pk]))
