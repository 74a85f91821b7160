"""Triage rules: which answers need a human, and how soon; written by the clinic, approved by a clinician."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.checkins.approving import RulesRefused, approve_rules, save_rules
from aftercare.checkins.fallbacks import of_levels, read_at
from aftercare.checkins.models import RuleSet
from aftercare.console.access import WRITERS
from aftercare.console.approving import approver_of, factor_again_first
from aftercare.console.languages import warnings
from aftercare.console.lists import instant_of
from aftercare.console.scoping import ScopedHistoryAdmin
from aftercare.console.triage_form import RulesForm
from aftercare.content.models import VersionStatus


@admin.register(RuleSet)
class RuleSetAdmin(ScopedHistoryAdmin):
    """A clinic's versions of its rules: a draft may be changed, an approved one only be read."""

    empty_hint = _("Start from the shipped rules, and have a clinician approve them.")
    edit_roles = WRITERS
    list_display = ("name", "clinic", "state", "approver_name", instant_of("approved_at", _("approved at")))
    list_filter = ("status", "clinic")
    list_select_related = ("clinic",)
    search_fields = ("clinic__name", "approver_name")
    actions = None

    @display(description=_("version"), ordering="number")
    def name(self, rules: RuleSet) -> str:
        return str(rules)

    @display(
        description=_("status"),
        label={_("Draft: not approved"): "warning", _("Approved"): "success", _("Retired"): "info"},
    )
    def state(self, rules: RuleSet) -> str:
        return rules.get_status_display()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(partial(approve_view, self))
        return [path("<int:pk>/approve/", view, name="checkins_ruleset_approve"), *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: RuleSet | None = None) -> bool:
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Begins a draft from the rules in force, else from the shipped ones; goes on with one there is."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        clinics = self.editable_clinics(request)
        chosen = next((one for one in clinics if str(one.pk) == request.POST.get("clinic")), None)
        if chosen is not None:
            return HttpResponseRedirect(_page_of(save_rules(chosen)))
        context = {"title": _("New draft of triage rules"), "clinics": clinics, "opts": self.opts}
        context = {**self.admin_site.each_context(request), **context}
        return TemplateResponse(request, "console/checkins/new_rules.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        rules = self.row(request, object_id)
        may_edit = rules.status == VersionStatus.DRAFT and self.has_change_permission(request, rules)
        form = RulesForm(rules.content, request.POST or None)
        if request.method == "POST":
            if not may_edit:
                raise PermissionDenied
            if form.is_valid():
                save_rules(rules.clinic, content=form.content)
                self.log_change(request, rules, [{"changed": {}}])
                messages.success(
                    request, _("The draft is saved. It counts when a clinician has approved it.")
                )
                return HttpResponseRedirect(_page_of(rules))
        return self._rules_page(request, rules, form, may_edit=may_edit)

    def _rules_page(
        self, request: HttpRequest, rules: RuleSet, form: RulesForm, *, may_edit: bool
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": str(rules),
            "subtitle": str(rules.clinic),
            "opts": self.opts,
            "original": rules,
            "rules": rules,
            "form": form,
            "lines": form.rule_lines(get_language() or "en"),
            "may_edit": may_edit,
            "approver": approver_of(request, rules.clinic_id) if may_edit else None,
            "fallbacks": warnings(of_levels(rules.clinic, rules, read_at(rules.clinic))),
        }
        return TemplateResponse(request, "console/checkins/rules.html", context)


def approve_view(model_admin: RuleSetAdmin, request: HttpRequest, pk: int) -> HttpResponseBase:
    """Approves the draft as it was read, in the name of the user's own entry as a practitioner."""
    rules = get_object_or_404(model_admin.get_queryset(request).select_related("clinic"), pk=pk)
    if not model_admin.has_change_permission(request, rules):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseRedirect(_page_of(rules))
    approver = approver_of(request, rules.clinic_id)
    if approver is not None and (way := factor_again_first(request)):
        return way
    if approver is None:
        messages.error(request, _("You cannot approve: no confirmed licence is linked to your log-in."))
    elif request.POST.get("read") != rules.digest:
        messages.error(request, _("Somebody changed these rules meanwhile. Read them again, then approve."))
    else:
        try:
            approve_rules(rules, by=approver, now=timezone.now())
        except RulesRefused as refused:
            messages.error(request, str(refused))
        else:
            model_admin.log_change(request, rules, str(_("Approved")))
            messages.success(request, _("Approved. From now on check-ins are weighed by these rules."))
    return HttpResponseRedirect(_page_of(rules))


def _page_of(rules: RuleSet) -> str:
    return reverse("admin:checkins_ruleset_change", args=[rules.pk])
