"""Message templates and their versions: written as drafts, looked at, approved by a named clinician."""

from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import F, Min, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from aftercare.clinics.models import User
from aftercare.console.access import MAX_ID_DIGITS, WRITERS
from aftercare.console.content_drafts import (
    DraftForm,
    NewDraftForm,
    by_field,
    draft_of,
    placed,
    placeholder_menu,
)
from aftercare.console.content_pages import approve_page, preview_frame, preview_page
from aftercare.console.saving import OneSaveButton
from aftercare.console.scoping import OneClinicForm, ScopedRelatedFilter
from aftercare.content.approval import problems_of, save_draft, unsafe_versions
from aftercare.content.models import Language, MessageTemplate, TemplateVersion, VersionStatus
from aftercare.content.publishing import source_of, written_in


class MessageTemplateForm(OneClinicForm):
    """A safety-critical template must deserve the name, as long as a safety-critical step sends it."""

    def clean_safety_critical(self) -> bool:
        critical = self.cleaned_data["safety_critical"]
        if not self.instance.pk or critical == self.instance.safety_critical:
            return critical
        if critical and (unsafe := unsafe_versions(self.instance)):
            names = ", ".join(f"{version.get_language_display()} {version.number}" for version in unsafe)
            message = _(
                "Approved text that does not always name the phone, the out-of-hours contact and the "
                "emergency number, or has another problem: %(names)s. Approve a mended version first."
            )
            raise forms.ValidationError(message, params={"names": names})
        if not critical and (step := self.instance.steps.filter(safety_critical=True).first()):
            message = _("The safety-critical step “%(step)s” sends it.")
            raise forms.ValidationError(message, params={"step": step})
        return critical


@admin.register(MessageTemplate)
class MessageTemplateAdmin(OneSaveButton):
    """A clinic's messages, with the versions of each in every language."""

    form = MessageTemplateForm
    edit_roles = WRITERS
    change_form_template = "console/content/template_form.html"
    fields = ("clinic", "name", "slug", "safety_critical")
    list_display = ("name", "clinic", "critical", "approved", "draft")
    list_filter = ("clinic", "safety_critical")
    list_select_related = ("clinic",)
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageTemplate]:
        first_step = Min("steps__number")
        return super().get_queryset(request).prefetch_related("versions").annotate(first_step=first_step)

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        """As patients get them; those that no step sends come last."""
        return ("clinic__name", F("first_step").asc(nulls_last=True), "name")

    def get_readonly_fields(
        self, request: HttpRequest, obj: MessageTemplate | None = None
    ) -> tuple[str, ...]:
        return ("clinic", "slug") if obj else ()

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: MessageTemplate | None = None
    ) -> dict[str, Any]:
        return {} if obj or not self.has_add_permission(request) else self.prepopulated_fields

    def has_delete_permission(self, request: HttpRequest, obj: MessageTemplate | None = None) -> bool:
        return False

    @display(
        description=_("safety-critical"), label={_("Safety-critical"): "warning"}, ordering="safety_critical"
    )
    def critical(self, template: MessageTemplate) -> str | Promise:
        return _("Safety-critical") if template.safety_critical else ""

    @display(description=_("approved"))
    def approved(self, template: MessageTemplate) -> str:
        versions = _of_status(template, VersionStatus.APPROVED)
        named = (f"{version.get_language_display()}: {version.number}" for version in versions)
        return ", ".join(named) or str(_("None: nothing is sent"))

    @display(description=_("draft"))
    def draft(self, template: MessageTemplate) -> str:
        drafts = _of_status(template, VersionStatus.DRAFT)
        return ", ".join(version.get_language_display() for version in drafts) or "–"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        template = self.get_object(request, object_id)
        shown = {"languages": _languages(template)} if template else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})


@admin.register(TemplateVersion)
class TemplateVersionAdmin(OneSaveButton):
    """A draft is edited here, looked at and approved; an approved or retired version is only read."""

    edit_roles = WRITERS
    change_form_template = "console/content/version_form.html"
    list_display = ("template", "language", "number", "status", "approver_name", "approved_at")
    list_filter = (("template__clinic", ScopedRelatedFilter), "language", "status")
    list_select_related = ("template__clinic",)
    search_fields = ("template__name", "subject", "body")

    def get_urls(self) -> list[URLPattern]:
        pages = (("preview", preview_page), ("frame", preview_frame), ("approve", approve_page))
        own = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(partial(view, self)),
                name=f"content_templateversion_{name}",
            )
            for name, view in pages
        ]
        return own + super().get_urls()

    def get_fields(self, request: HttpRequest, obj: TemplateVersion | None = None) -> tuple[str, ...]:
        words = ("subject", "preheader", "body")
        return words if obj else ("template", "language", *words)

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
        initial.pop("from", None)
        named = start.isdecimal() and len(start) <= MAX_ID_DIGITS
        origin = self.get_queryset(request).filter(pk=start).first() if named else None
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
        menu = {"menu": placeholder_menu("en-GB"), "placed": {}}
        return super().add_view(request, form_url, {**(extra_context or {}), **menu})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        shown = _shown(self, request, version) if version else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def response_add(
        self, request: HttpRequest, obj: TemplateVersion, post_url_continue: str | None = None
    ) -> HttpResponse:
        return _after_saving(request, obj)

    def response_change(self, request: HttpRequest, obj: TemplateVersion) -> HttpResponse:
        return _after_saving(request, obj)


def _is_draft(version: TemplateVersion | None) -> bool:
    return version is None or version.status == VersionStatus.DRAFT


def _of_status(template: MessageTemplate, status: VersionStatus) -> list[TemplateVersion]:
    found = [version for version in template.versions.all() if version.status == status]
    return sorted(found, key=lambda version: version.language)


def _languages(template: MessageTemplate) -> list[dict[str, Any]]:
    """Each language with its versions, newest first, and the draft if there is one."""
    versions = list(template.versions.all())
    return [
        {
            "code": code,
            "name": name,
            "versions": [version for version in versions if version.language == code],
            "draft": next((v for v in versions if v.language == code and _is_draft(v)), None),
        }
        for code, name in Language.choices
    ]


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
        "may_approve": _is_draft(version) and admin.has_approve_permission(request, version),
        "may_draft": admin.has_approve_permission(request, version),
        "other_draft": None if _is_draft(version) else draft_of(version.template, version.language),
    }


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
