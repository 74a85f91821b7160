"""Clinics and accounts: settings and users."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminColorInputWidget

from aftercare.checkins.fallbacks import fallbacks
from aftercare.checkins.promises import BrokenPromise, broken_promises, digest
from aftercare.clinics.hours import duty_of
from aftercare.clinics.leaving import end_sessions
from aftercare.clinics.models import Clinic, Membership, User
from aftercare.clinics.own_details import forget_former
from aftercare.clinics.places import place
from aftercare.clinics.resetting import may_reset
from aftercare.console.access import OWNERS, SUPERUSERS, user_of
from aftercare.console.accounts.resetting import RESET_OF_ANYBODY
from aftercare.console.acts import Act, ActingAdmin
from aftercare.console.asking import change_digest, must_ask
from aftercare.console.hours import AGREED_HOURS, HolidayInline, OpeningHoursInline, posted_duty
from aftercare.console.languages import warnings
from aftercare.console.reading_pages import clinic_readings_page
from aftercare.console.resuming import resume_act_page
from aftercare.console.saving import OneSaveButton
from aftercare.console.scoping import OneClinicForm, ScopedHistoryAdmin
from aftercare.followups.addressees import strangers
from aftercare.followups.reopening import bring_openings_forward
from aftercare.outbox.foreseeing import Foreseen, foresee_clinic
from aftercare.outbox.pausing import pause_clinic, resume_clinic
from aftercare.outbox.replanning import replan_clinic
from aftercare.outbox.waking import wake_on_commit

REPLANNED_BY = frozenset({"time_zone", "quiet_from", "quiet_until"})

_STRANGER = _(
    "%(address)s belongs to no member who handles tasks. They cannot log in: they will only read that "
    "something is due, and cannot see for whom. Invite them, or name somebody who works here."
)
PAUSE = Act(
    name="pause",
    title=_("Pause all messages of this clinic"),
    explanation=_(
        "Nothing is sent to any patient of the clinic until you resume. A message whose window passes "
        "meanwhile is missed; for a safety-critical one a follow-up task is opened."
    ),
    button=_("Pause all messages"),
    done=_("All messages of the clinic are paused."),
    legal=lambda clinic: clinic.paused_at is None,
    run=lambda clinic, reason, by, now: pause_clinic(clinic, reason=reason, by=by, now=now),
    roles=OWNERS,
    danger=True,
    icon="pause_circle",
)
RESUME = Act(
    name="resume",
    title=_("Resume the messages of this clinic"),
    explanation=_(
        "Held messages whose window is still open are sent at their time. You choose how fast those go whose "
        "time has passed."
    ),
    button=_("Resume messages"),
    done=_("The clinic's messages are resumed."),
    legal=lambda clinic: clinic.paused_at is not None,
    run=lambda clinic, per_minute, by, now: resume_clinic(clinic, by=by, now=now, per_minute=per_minute),
    roles=OWNERS,
    icon="play_circle",
    page=resume_act_page,
)


class ClinicForm(OneClinicForm):
    """A clinic's settings. Before another zone or other quiet hours move messages, it says which and asks;
    so it does before other opening hours or closed days break what patients were promised."""

    foreseen: Foreseen | None = None
    broken: Sequence[BrokenPromise] = ()

    class Meta:
        widgets = {"colour": UnfoldAdminColorInputWidget}

    def is_valid(self) -> bool:
        valid = super().is_valid()
        if valid and must_ask(self, REPLANNED_BY):
            self.foreseen = foresee_clinic(self.instance, now=timezone.now())
        if valid and self.instance.pk:
            self.broken = self._broken()
        return valid and not self.foreseen and not self.broken

    def _broken(self) -> list[BrokenPromise]:
        """The promises that saving would break, unless the user has seen these and agreed."""
        after = posted_duty(self)
        if after is None:
            return []
        before = duty_of(Clinic.objects.get(pk=self.instance.pk))
        found = broken_promises(self.instance, before=before, after=after, now=timezone.now())
        return [] if self.data.get(AGREED_HOURS) == digest(found) else found

    def broken_digest(self) -> str:
        return digest(self.broken)

    def change_digest(self) -> str:
        return change_digest(self, REPLANNED_BY)


@admin.register(Clinic)
class ClinicAdmin(OneSaveButton, ActingAdmin, ScopedHistoryAdmin):
    """A clinic's own settings, for its owners. New clinics are made by superusers."""

    empty_hint = _("Whoever runs this site adds clinics.")
    form = ClinicForm
    edit_roles = OWNERS
    add_roles = SUPERUSERS
    acts = (PAUSE, RESUME)
    history_parts = (Membership,)
    inlines = (OpeningHoursInline, HolidayInline)
    change_form_template = "console/clinics/clinic_form.html"
    list_display = ("name", "clock", "phone", "sender_email", "state")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("time_zone", "locale"))}),
        (_("How patients reach you"), {"fields": ("phone", "out_of_hours_contact", "emergency_number")}),
        (_("Sender of the messages"), {"fields": (("sender_name", "sender_email"), "reply_to")}),
        (_("When nothing is sent"), {"fields": (("quiet_from", "quiet_until"), "undo_minutes")}),
        (
            _("Who is told of follow-up tasks"),
            {
                "description": _("First whoever is on duty, then these. The mails name no patient."),
                "fields": (("escalation_email", "on_call_email"),),
            },
        ),
        (
            _("Limits"),
            {
                "description": _("They keep this clinic within what its mail service allows it to send."),
                "fields": (("mails_per_second", "mails_per_day"),),
            },
        ),
        (_("Approval of texts"), {"fields": ("second_reader",)}),
        (_("Logging in"), {"fields": ("second_factor_for_all",)}),
        (_("When a patient wants no more mail"), {"fields": ("after_complaint",)}),
        (_("Look of the messages"), {"fields": ("colour", "logo")}),
    )

    @display(description=_("time zone"), ordering="time_zone")
    def clock(self, clinic: Clinic) -> str:
        return place(clinic.time_zone)

    @display(description=_("messages"), label={_("Running"): "success", _("Paused"): "warning"})
    def state(self, clinic: Clinic) -> Any:
        return _("Paused") if clinic.paused_at else _("Running")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(partial(clinic_readings_page, self))
        return [path("<int:pk>/readings/", view, name="clinics_clinic_readings"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> Any:
        if clinic := kwargs.get("obj"):
            context["fallbacks"] = warnings(fallbacks(clinic))
            context["may_see_readings"] = self.may(request, OWNERS, clinic)
        return super().render_change_form(request, context, **kwargs)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Clinic | None = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Clinic | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Clinic, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for address in strangers(obj):
            messages.warning(request, _STRANGER % {"address": address})
        if change and REPLANNED_BY & set(form.changed_data):
            replan_clinic(obj, by=user_of(request), now=timezone.now())
            messages.info(request, _("What is promised to the clinic's patients was planned anew."))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Whom other hours put on duty is told at once of what came while the clinic was shut."""
        super().save_related(request, form, formsets, change)
        if bring_openings_forward(form.instance, now=timezone.now()):
            wake_on_commit()


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ActingAdmin, ScopedHistoryAdmin):  # type: ignore[misc] # Django chooses between two forms
    """Accounts, for superusers. What an account may see follows from its memberships."""

    empty_hint = _("People come here when they accept an invitation.")
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    view_roles = SUPERUSERS
    edit_roles = SUPERUSERS
    acts = (RESET_OF_ANYBODY,)
    change_form_template = "console/clinics/member_form.html"
    list_display = ("username", "first_name", "last_name", "email", "is_active", "is_superuser")
    list_filter = ("is_active", "is_superuser")
    filter_horizontal = ()
    history_parts = (Membership,)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": (("first_name", "last_name"), "email")}),
        (_("Access"), {"fields": ("is_active", "is_superuser")}),
        (_("Times"), {"fields": ("last_login", "date_joined")}),
    )

    def acts_for(self, request: HttpRequest, row: User) -> list[dict[str, Any]]:
        """Nobody resets their own factor."""
        return super().acts_for(request, row) if may_reset(row, by=user_of(request)) else []

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        forget_former(obj)
        if not obj.is_active:
            end_sessions(obj)
