"""Members: who works in a clinic and in what role; how they are changed and leave."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from aftercare.clinics.leaving import LastOwner, end_membership, refuse_last_owner
from aftercare.clinics.models import Clinic, Membership, Role, User
from aftercare.clinics.resetting import may_reset
from aftercare.console.access import OWNERS, SUPERUSERS, access_of, user_of
from aftercare.console.accounts.resetting import RESET_OF_A_MEMBER
from aftercare.console.acts import ActingAdmin
from aftercare.console.content_drafts import name_of
from aftercare.console.saving import OneSaveButton
from aftercare.console.scoping import OneClinicForm, ScopedHistoryAdmin
from aftercare.followups.models import FollowUpTask


class MembershipForm(OneClinicForm):
    """A new member is named by their user name, by superusers alone: owners invite, and people accept."""

    username = forms.CharField(label=_("User name"), max_length=150, widget=UnfoldAdminTextInputWidget)
    may_be_last = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields.pop("username", None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self._keep_an_owner(cleaned.get("role"))
        if "username" in self.fields and cleaned.get("username"):
            self._take_user(cleaned["username"].strip(), cleaned.get("clinic"))
        return cleaned

    def _keep_an_owner(self, role: str | None) -> None:
        was_owner = self.instance.pk is not None and self.instance.role == Role.OWNER
        if was_owner and role != Role.OWNER and not self.may_be_last:
            try:
                refuse_last_owner(self.instance)
            except LastOwner as refused:
                self.add_error("role", str(refused))

    def _take_user(self, username: str, clinic: Clinic | None) -> None:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            text = _("No account has this user name. Invite the person by e-mail, or make an account first.")
            self.add_error("username", text)
        elif clinic and user.memberships.filter(clinic=clinic).exists():
            self.add_error("username", _("This person is a member of the clinic already."))
        else:
            self.instance.user = user


@admin.register(Membership)
class MembershipAdmin(OneSaveButton, ActingAdmin, ScopedHistoryAdmin):
    """Who works in a clinic, and in what role. Nobody becomes a member of an owner's making: they accept."""

    empty_hint = _("Invite people by e-mail, under Invitations.")
    form = MembershipForm
    edit_roles = OWNERS
    add_roles = SUPERUSERS
    delete_roles = OWNERS
    acts = (RESET_OF_A_MEMBER,)
    change_form_template = "console/clinics/member_form.html"
    change_list_template = "console/clinics/membership_list.html"
    delete_confirmation_template = "console/clinics/take_out.html"
    list_display = ("shown_name", "user", "clinic", "role", "is_told")
    list_filter = ("clinic", "role")
    list_select_related = ("user", "clinic")
    search_fields = ("user__username", "user__first_name", "user__last_name")

    @display(description=_("name"), ordering="user__first_name")
    def shown_name(self, membership: Membership) -> str | Promise:
        return name_of(membership.user)

    @display(description=_("told of tasks"), boolean=True, ordering="told_of_tasks")
    def is_told(self, membership: Membership) -> bool:
        """Viewers never are."""
        return membership.told_of_tasks and membership.role != Role.VIEWER

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may_invite = access_of(request).holds(OWNERS)
        return super().changelist_view(request, {**(extra_context or {}), "may_invite": may_invite})

    def acts_for(self, request: HttpRequest, row: Membership) -> list[dict[str, Any]]:
        """An owner resets the factor of who works here alone; of anybody else, whoever runs the site."""
        return super().acts_for(request, row) if may_reset(row.user, by=user_of(request)) else []

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("user" if obj else "username", "clinic", "role", "told_of_tasks")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("user", "clinic") if obj else ()

    def get_exclude(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("user",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.may_be_last = access_of(request).superuser
        return form

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Nothing is taken out where the clinic would be left without an owner."""
        try:
            asked = {**(extra_context or {}), **self._leaving(request, object_id)}
            return super().delete_view(request, object_id, asked)
        except LastOwner as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(reverse("admin:clinics_membership_change", args=[object_id]))

    def _leaving(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        """What taking the person out comes to, for the page that asks."""
        membership = self.row(request, object_id)
        who = {"who": name_of(membership.user), "clinic": membership.clinic}
        tasks = FollowUpTask.objects.filter(clinic=membership.clinic, claimed_by=membership.user)
        return {
            **who,
            "title": _("Take %(who)s out of %(clinic)s") % who,
            "ends_sessions": not membership.user.memberships.exclude(pk=membership.pk).exists(),
            "tasks": tasks.filter(closed_at__isnull=True).count(),
        }

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        end_membership(obj, now=timezone.now(), may_be_last=access_of(request).superuser)
