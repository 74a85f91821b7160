"""Practitioners: who treats, and whose licence number lets them approve."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.clinics.licences import CHANGED, LicenceRefused, confirm_licence, stand_for_licence
from aftercare.clinics.models import Practitioner, User
from aftercare.console.access import OWNERS, access_of, user_of
from aftercare.console.acts import Act, ActingAdmin, Facts
from aftercare.console.saving import OneSaveButton
from aftercare.console.scoping import ScopedHistoryAdmin
from aftercare.outbox.refusing import Refused


def _confirm(practitioner: Practitioner, _reason: str, by: User, now: datetime) -> None:
    try:
        confirm_licence(practitioner, by=by, now=now)
    except LicenceRefused as refused:
        raise Refused(str(refused)) from refused


def _facts(practitioner: Practitioner) -> list[tuple[str, str]]:
    """Name, number and log-in, which the confirmation says belong together."""
    field = Practitioner._meta.get_field
    return [
        (capfirst(str(field(name).verbose_name)), str(getattr(practitioner, name) or "–"))  # type: ignore[union-attr]
        for name in ("name", "licence_number", "user")
    ]


CONFIRM = Act(
    name="confirm",
    title=_("Confirm this licence number"),
    explanation=_(
        "You say that you have checked the number with who gave it out. From then on its holder, as an owner "
        "or a clinician, may approve texts and rules in their name. The history keeps that it was you."
    ),
    button=_("Confirm the licence"),
    done=_("The licence number is confirmed."),
    legal=lambda practitioner: bool(practitioner.licence_number) and not practitioner.licence_confirmed_at,
    run=_confirm,
    roles=OWNERS,
    asks_reason=False,
    asks_factor=True,
    facts=Facts(of=_facts, changed=CHANGED),
    icon="verified_user",
)


@admin.register(Practitioner)
class PractitionerAdmin(OneSaveButton, ActingAdmin, ScopedHistoryAdmin):
    """Who treats patients. Only owners enter licence numbers, and nobody stands for their own."""

    empty_hint = _("Add who treats. Those with a confirmed licence number may approve texts.")
    edit_roles = OWNERS
    acts = (CONFIRM,)
    change_form_template = "console/clinics/practitioner_form.html"
    list_display = ("name", "clinic", "licence_number", "standing", "active")
    list_filter = ("clinic", "active")
    list_select_related = ("clinic", "licence_confirmed_by")
    search_fields = ("name", "licence_number")
    fields = ("clinic", "name", "user", "licence_number", "active")

    @display(description=_("licence"), label={_("Confirmed"): "success", _("To be confirmed"): "warning"})
    def standing(self, practitioner: Practitioner) -> str | Promise:
        if not practitioner.licence_number:
            return "–"
        return _("Confirmed") if practitioner.licence_confirmed_at else _("To be confirmed")

    def acts_for(self, request: HttpRequest, row: Practitioner) -> list[dict[str, Any]]:
        """Nothing for the holder, who does not stand for themselves."""
        return [] if row.user_id == request.user.pk else super().acts_for(request, row)

    def save_model(self, request: HttpRequest, obj: Practitioner, form: Any, change: bool) -> None:
        if {"name", "licence_number", "user"} & set(form.changed_data):
            stand_for_licence(obj, by=user_of(request), now=timezone.now())
        super().save_model(request, obj, form, change)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "user" and field is not None:
            clinics = access_of(request).clinics(self.edit_roles)
            field.queryset = User.objects.filter(memberships__clinic__in=clinics).distinct()
        return field
