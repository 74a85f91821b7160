"""Invitations: whom the clinic has asked to work in it, sent by mail and pending until they say yes."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget

from aftercare.clinics.addresses import validate_address
from aftercare.clinics.invitations import Invitation
from aftercare.clinics.inviting import InvitationRefused, invite, renew, take_back, token_of
from aftercare.clinics.models import Clinic, Role, User
from aftercare.console.access import OWNERS, user_of
from aftercare.console.acts import Act, ActingAdmin
from aftercare.console.scoping import ScopedHistoryAdmin
from aftercare.console.times import said_shortly
from aftercare.outbox.refusing import Refused
from aftercare.outbox.sending_invitations import (
    MOST_A_DAY,
    begin_sending,
    send_invitation,
    sent_within_a_day,
)


def send(invitation: Invitation, *, now: datetime) -> None:
    """Raises Refused."""
    begin_sending(invitation, now=now)
    _hand_over(invitation, now)


def _hand_over(invitation: Invitation, now: datetime) -> None:
    path = reverse("invitation", args=[token_of(invitation)])
    send_invitation(invitation, link=f"{settings.SITE_URL}{path}", now=now)


def _send_again(invitation: Invitation, _reason: str, by: User, now: datetime) -> None:
    try:
        with transaction.atomic():
            fresh = renew(invitation, by=by, now=now)
            begin_sending(fresh, now=now)
    except InvitationRefused as refused:
        raise Refused(str(refused)) from refused
    _hand_over(fresh, now)


SEND_AGAIN = Act(
    name="send",
    title=_("Send this invitation again"),
    explanation=_("A new link is mailed, valid for seven days. Links sent before open nothing any more."),
    button=_("Send it again"),
    done=_("The invitation was sent again."),
    legal=lambda invitation: invitation.waits,
    run=_send_again,
    roles=OWNERS,
    asks_reason=False,
    icon="outgoing_mail",
)
TAKE_BACK = Act(
    name="take-back",
    title=_("Take this invitation back"),
    explanation=_("Its link opens nothing any more. You may invite the same person again later."),
    button=_("Take it back"),
    done=_("The invitation was taken back."),
    legal=lambda invitation: invitation.waits,
    run=lambda invitation, _reason, _by, now: take_back(invitation, now=now),
    roles=OWNERS,
    asks_reason=False,
    danger=True,
    icon="undo",
)


class InviteForm(forms.Form):
    """Whom to invite, in which role; the clinic is asked for where the user owns several."""

    clinic: Any = forms.ModelChoiceField(label=_("Clinic"), queryset=None, widget=UnfoldAdminSelectWidget)
    email = forms.EmailField(
        label=_("E-mail"), validators=[validate_address], widget=UnfoldAdminEmailInputWidget
    )
    role = forms.ChoiceField(
        label=_("Role"), choices=Role.choices, initial=Role.STAFF, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, clinics: list[Clinic], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["clinic"]
        field.queryset = Clinic.objects.filter(pk__in=[clinic.pk for clinic in clinics])
        if len(clinics) == 1:
            field.initial, field.widget = clinics[0], forms.HiddenInput()


@admin.register(Invitation)
class InvitationAdmin(ActingAdmin, ScopedHistoryAdmin):
    """Seen and made by owners. A row is never edited: it is sent again, or taken back."""

    empty_hint = _("Invite a colleague by e-mail. The link works once.")
    view_roles = OWNERS
    edit_roles = OWNERS
    acts = (SEND_AGAIN, TAKE_BACK)
    change_form_template = "console/clinics/invitation.html"
    list_display = ("email", "role", "clinic", "state", "inviter", "until")
    list_filter = ("role", "clinic")
    list_select_related = ("clinic", "invited_by")
    search_fields = ("email",)
    fields = ("email", "role", "clinic", "state", "inviter", "invited", "sent", "until", "accepter")
    readonly_fields = ("state", "inviter", "invited", "sent", "until", "accepter")
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    @display(
        description=_("state"),
        label={
            _("Waiting for an answer"): "info",
            _("Not sent"): "danger",
            _("Accepted"): "success",
            _("Ran out"): "warning",
        },
    )
    def state(self, invitation: Invitation) -> str | Promise:
        if invitation.accepted_at:
            return _("Accepted")
        if invitation.taken_back_at:
            return _("Taken back")
        if not invitation.is_valid(now=timezone.now()):
            return _("Ran out")
        return _("Waiting for an answer") if invitation.sent_at else _("Not sent")

    @display(description=_("invited by"), ordering="invited_by")
    def inviter(self, invitation: Invitation) -> str:
        return str(invitation.invited_by or "–")

    @display(description=_("accepted by"))
    def accepter(self, invitation: Invitation) -> str:
        return str(invitation.accepted_by or "–")

    @display(description=_("invited at"))
    def invited(self, invitation: Invitation) -> str:
        return said_shortly(invitation.invited_at, invitation.clinic.time_zone)

    @display(description=_("sent at"))
    def sent(self, invitation: Invitation) -> str:
        return said_shortly(invitation.sent_at, invitation.clinic.time_zone) if invitation.sent_at else "–"

    @display(description=_("valid until"), ordering="expires_at")
    def until(self, invitation: Invitation) -> str:
        return said_shortly(invitation.expires_at, invitation.clinic.time_zone)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Stores the invitation, then mails it: no mail service is called within a transaction."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        clinics = self.editable_clinics(request)
        form = InviteForm(clinics, request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                row = invite(**form.cleaned_data, by=user_of(request), now=timezone.now())
            except InvitationRefused as refused:
                form.add_error("email", str(refused))
            else:
                return self._send_first(request, row)
        sent = sent_within_a_day([clinic.pk for clinic in clinics], now=timezone.now())
        today = [(clinic, len(sent[clinic.pk]), MOST_A_DAY) for clinic in clinics if sent[clinic.pk]]
        context = {"title": _("Invite somebody"), "form": form, "opts": self.opts, "today": today}
        context["factor_asked"] = settings.SECOND_FACTOR_REQUIRED
        context = {**self.admin_site.each_context(request), **context}
        return TemplateResponse(request, "console/clinics/invite.html", context)

    def _send_first(self, request: HttpRequest, row: Invitation) -> HttpResponseRedirect:
        if row.sent_at is not None:
            messages.info(request, _("This person is invited already. Below you can send it again."))
            return HttpResponseRedirect(self.row_url(row))
        try:
            send(row, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("The invitation was sent."))
        return HttpResponseRedirect(self.row_url(row))
