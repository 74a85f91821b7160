"""Favourites: saved from a session's page, started from on a new one, renamed and removed here."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from aftercare.clinics.addresses import validate_line
from aftercare.clinics.models import Clinic
from aftercare.console.access import RECORDERS, only_clinic
from aftercare.console.acts import Act, ActingAdmin
from aftercare.console.saving import OneSaveButton
from aftercare.console.scoping import OneClinicForm, ScopedHistoryAdmin
from aftercare.treatments.favouring import NameTaken, save_favourite, suggested_name
from aftercare.treatments.models import Favourite, SessionState, TreatmentSession
from aftercare.treatments.setups import setup_of, setup_of_favourite


class FavouriteForm(OneClinicForm):
    """The name alone; its practitioner is fixed."""

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        same = Favourite.objects.filter(practitioner=self.instance.practitioner_id, name=name)
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("The practitioner has another favourite of this name."))
        return name


@admin.register(Favourite)
class FavouriteAdmin(OneSaveButton, ScopedHistoryAdmin):
    """The favourites of a clinic's practitioners. What one holds comes from its session and is not edited."""

    empty_hint = _("Open a completed session and save it as a favourite.")
    form = FavouriteForm
    edit_roles = RECORDERS
    delete_roles = RECORDERS
    list_display = ("name", "practitioner", "holds", "of_clinic")
    list_filter = ("practitioner",)
    list_select_related = ("practitioner__clinic", "protocol")
    search_fields = ("name", "practitioner__name")
    fields = ("name", "practitioner", "holds", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """One is saved from the page of a session."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Favourite | None = None) -> Any:
        return ("practitioner", "holds", "created_at")

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        hidden = "of_clinic" if only_clinic(request) else ""
        return [column for column in columns if column != hidden]

    @display(description=_("what it fills in"))
    def holds(self, favourite: Favourite) -> str:
        return str(setup_of_favourite(favourite))

    @display(description=_("clinic"), ordering="practitioner__clinic")
    def of_clinic(self, favourite: Favourite) -> Clinic:
        return favourite.practitioner.clinic


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the favourite"),
        max_length=60,
        validators=[validate_line],
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
        error_messages={"required": _("Give it a name by which you will know it.")},
    )


def favourite_page(
    model_admin: ActingAdmin, act: Act, request: HttpRequest, session: TreatmentSession
) -> HttpResponse:
    """Shows what would be saved, and saves it under the name given."""
    form = NameForm(request.POST or None, initial={"name": suggested_name(session)})
    if request.method == "POST" and form.is_valid() and _saved(act, form, session):
        messages.success(request, str(act.done))
        return HttpResponseRedirect(model_admin.row_url(session))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": act.title,
        "subtitle": str(session.practitioner),
        "opts": model_admin.opts,
        "act": act,
        "form": form,
        "setup": setup_of(session),
        "row_url": model_admin.row_url(session),
    }
    return TemplateResponse(request, "console/treatments/favourite.html", context)


def _saved(act: Act, form: NameForm, session: TreatmentSession) -> bool:
    try:
        act.run(session, form.cleaned_data["name"], None, timezone.now())
    except NameTaken as taken:
        form.add_error("name", str(taken))
        return False
    return True


FAVOURITE = Act(
    name="favourite",
    title=_("Save as a favourite"),
    explanation=_("A new session is started from it with one tap, for any patient."),
    button=_("Save as favourite"),
    done=_("Saved. It stands on the page of each new session."),
    legal=lambda session: session.state == SessionState.COMPLETED,
    run=lambda session, name, _by, now: save_favourite(session, name=name, now=now),
    icon="star",
    page=favourite_page,
)
