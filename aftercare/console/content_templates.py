"""Message templates: what a clinic may send, with the versions of each in every language."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, Min, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.clinics.dates import dated
from aftercare.console.access import WRITERS
from aftercare.console.content_history import words_page
from aftercare.console.saving import OneSaveButton
from aftercare.console.scoping import OneClinicForm, ScopedHistoryAdmin
from aftercare.content.approval import unsafe_versions
from aftercare.content.models import (
    Language,
    MessageTemplate,
    TemplatePurpose,
    TemplateVersion,
    VersionStatus,
)
from aftercare.content.reviewing import is_near


class MessageTemplateForm(OneClinicForm):
    """A safety-critical template must deserve the name, as long as a safety-critical step sends it."""

    def clean_purpose(self) -> str:
        """The one reminder of a clinic comes with the project; nobody adds another."""
        if self.cleaned_data["purpose"] == TemplatePurpose.REMINDER:
            raise forms.ValidationError(_("The clinic's reminder is there already: write its text."))
        return self.cleaned_data["purpose"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        purpose = cleaned.get("purpose", self.instance.purpose)
        if purpose == TemplatePurpose.LOT and cleaned.get("safety_critical") is False:
            self.add_error("safety_critical", _("A message to everybody treated with a lot is always so."))
        return cleaned

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
class MessageTemplateAdmin(OneSaveButton, ScopedHistoryAdmin):
    """A clinic's messages, with the versions of each in every language."""

    empty_hint = _("Add a template, write its text, and have a clinician approve it.")
    form = MessageTemplateForm
    edit_roles = WRITERS
    history_parts = (TemplateVersion,)
    change_form_template = "console/content/template_form.html"
    fields = ("clinic", "name", "slug", "purpose", "safety_critical", "asks_check_in", "review_on")
    list_display = ("name", "clinic", "critical", "approved", "draft", "review")
    list_filter = ("clinic", "purpose", "safety_critical")
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
        return ("clinic", "slug", "purpose") if obj else ()

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: MessageTemplate | None = None
    ) -> dict[str, Any]:
        return {} if obj or not self.has_add_permission(request) else self.prepopulated_fields

    def get_urls(self) -> list[URLPattern]:
        words = self.admin_site.admin_view(partial(words_page, self))
        own = path("<int:pk>/words/", words, name="content_messagetemplate_words")
        return [own, *super().get_urls()]

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

    @display(description=_("review by"), ordering="review_on")
    def review(self, template: MessageTemplate) -> str:
        """The day, and while it warns, that it does."""
        if template.review_on is None:
            return "–"
        day, today = dated(template.review_on, "j M Y"), timezone.localdate()
        if not is_near(template.review_on, today=today):
            return day
        return f"{_('Review is near') if template.review_on > today else _('Review is due')}: {day}"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        template = self.get_object(request, object_id)
        shown = {"languages": _languages(template), "review": _review_notice(template)} if template else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})


def _review_notice(template: MessageTemplate) -> str:
    """What to tell on the template's page while its review warns; empty otherwise."""
    if template.review_on is None or not is_near(template.review_on, today=timezone.localdate()):
        return ""
    day = {"day": dated(template.review_on, "j F Y")}
    return _("A clinician reads it again by %(day)s: approve a version, or set another day below.") % day


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
            "draft": next(
                (v for v in versions if v.language == code and v.status == VersionStatus.DRAFT), None
            ),
        }
        for code, name in Language.choices
    ]
