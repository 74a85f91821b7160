"""Lots: who was treated with one, and a message to them all, for owners and clinicians."""

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from aftercare.clinics.models import Clinic
from aftercare.console.access import WRITERS, access_of, is_id, user_of
from aftercare.console.acts import Act, ActingAdmin
from aftercare.console.lists import instant_of
from aftercare.console.lot_preview import Choice, choices_for, previews_of
from aftercare.console.reading_log import note_lot
from aftercare.console.scoping import ScopedHistoryAdmin
from aftercare.content.models import MessageTemplate, TemplatePurpose
from aftercare.lots.models import LotMail
from aftercare.lots.progress import progress_of
from aftercare.lots.shipped_text import install_lot_text
from aftercare.lots.treated import out_of_reach, reachable, treated_with
from aftercare.lots.writing import (
    cancel_mail,
    pause_mail,
    resume_mail,
    shown_digest,
    write_to_lot,
    write_to_those_added,
)
from aftercare.outbox.refusing import Refused

LONGEST_LOT = 60


def _resume(mail: LotMail, _reason: str, by: Any, _now: datetime) -> None:
    resume_mail(mail, by=by)


ACTS = (
    Act(
        name="pause",
        title=_("Pause"),
        explanation=_("What has not left waits until somebody resumes. What has left cannot be called back."),
        button=_("Pause"),
        done=_("Paused: nothing more leaves for now."),
        legal=lambda mail: mail.paused_at is None and mail.cancelled_at is None and not mail.finished,
        run=lambda mail, _reason, by, now: pause_mail(mail, by=by, now=now),
        roles=WRITERS,
        asks_reason=False,
        icon="pause",
    ),
    Act(
        name="resume",
        title=_("Resume"),
        explanation=_("What waits goes on leaving, behind the clinic's other messages."),
        button=_("Resume"),
        done=_("It goes on."),
        legal=lambda mail: mail.paused_at is not None and mail.cancelled_at is None,
        run=_resume,
        roles=WRITERS,
        asks_reason=False,
        icon="play_arrow",
    ),
    Act(
        name="cancel",
        title=_("Cancel what has not left"),
        explanation=_("This cannot be undone: the same text is not written to this lot again."),
        button=_("Cancel what has not left"),
        done=_("Cancelled. Phone those who were not reached."),
        legal=lambda mail: mail.cancelled_at is None and not mail.finished,
        run=lambda mail, _reason, by, now: cancel_mail(mail, by=by, now=now),
        roles=WRITERS,
        asks_reason=False,
        danger=True,
        icon="cancel",
    ),
    Act(
        name="add-new",
        title=_("Write to those added since"),
        explanation=_("Patients who were recorded or can be written to only since get the same text, once."),
        button=_("Write to those added since"),
        done=_("They are in line."),
        legal=lambda mail: mail.cancelled_at is None,
        run=lambda mail, _reason, by, now: write_to_those_added(mail, by=by, now=now),
        roles=WRITERS,
        asks_reason=False,
        icon="group_add",
    ),
)


@admin.register(LotMail)
class LotMailAdmin(ActingAdmin, ScopedHistoryAdmin):
    """Every message to a lot; the page to add one shows whom it concerns first."""

    empty_hint = _("Search a lot to see who was treated with it, and write to them all.")
    view_roles = WRITERS
    edit_roles = WRITERS
    acts = ACTS
    actions = None
    list_display = ("lot", "template", "clinic", instant_of("confirmed_at", _("confirmed at")), "state")
    list_filter = ("clinic",)
    search_fields = ("lot", "template__name")

    @display(
        description=_("status"),
        label={
            _("Cancelled"): "danger",
            _("Paused"): "warning",
            _("Done"): "success",
            _("Going out"): "info",
        },
    )
    def state(self, mail: LotMail) -> str:
        if mail.cancelled_at:
            return str(_("Cancelled"))
        if mail.paused_at:
            return str(_("Paused"))
        return str(_("Done") if mail.finished else _("Going out"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[LotMail]:
        return super().get_queryset(request).select_related("clinic", "template", "confirmed_by")

    def has_delete_permission(self, request: HttpRequest, obj: LotMail | None = None) -> bool:
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Searches a lot, shows who was treated with it, previews a text, and writes when confirmed.

        Where no text is approved, it leads to the shipped draft, or to the one the clinic has.
        """
        clinics = self.editable_clinics(request)
        if not clinics:
            raise PermissionDenied
        asked = request.POST if request.method == "POST" else request.GET
        clinic = next((one for one in clinics if str(one.pk) == asked.get("clinic")), clinics[0])
        lot = asked.get("lot", "").strip()[:LONGEST_LOT]
        if request.method == "POST" and "draft" in request.POST:
            template = install_lot_text(clinic)
            return HttpResponseRedirect(reverse("admin:content_messagetemplate_change", args=[template.pk]))
        if request.method == "POST":
            return _write(request, clinic, lot)
        found = treated_with(clinic, lot)
        note_lot(request, clinic, lot=lot, count=len(found))
        choices = choices_for(clinic)
        chosen = next((one for one in choices if str(one.template.pk) == asked.get("text")), None)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Patients treated with a lot"),
            "opts": self.opts,
            "clinics": clinics,
            "clinic": clinic,
            "lot": lot,
            "found": found,
            "reachable": len(reachable(found)),
            "out_of_reach": out_of_reach(found),
            "choices": choices,
            **_chosen(chosen, clinic, lot, found),
        }
        return TemplateResponse(request, "console/lots/lot.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        """How far it has come, what may be done about it, and whom to phone."""
        mail = self.row(request, object_id)
        progress = progress_of(mail)
        acts = self.acts_for(request, mail)
        context = {
            **self.admin_site.each_context(request),
            "title": str(mail),
            "subtitle": str(mail.clinic),
            "opts": self.opts,
            "original": mail,
            "mail": mail,
            "state": self.state(mail),
            "progress": progress,
            "counts": [(status.label, count) for status, count in progress.counts.items()],
            "acts": [one for one in acts if one["act"].name != "add-new" or progress.new],
        }
        return TemplateResponse(request, "console/lots/progress.html", context)


def _chosen(chosen: Choice | None, clinic: Clinic, lot: str, found: Any) -> dict[str, Any]:
    if chosen is None:
        return {}
    written = LotMail.objects.filter(clinic=clinic, lot__iexact=lot, template=chosen.template).first()
    previews = previews_of(chosen, reachable(found))
    shown = shown_digest(chosen.versions, found)
    return {"chosen": chosen, "previews": previews, "written": written, "key": uuid.uuid4(), "shown": shown}


def _write(request: HttpRequest, clinic: Clinic, lot: str) -> HttpResponseBase:
    texts = access_of(request).limit(MessageTemplate.objects.filter(purpose=TemplatePurpose.LOT), WRITERS)
    wanted = request.POST.get("text", "")
    template = get_object_or_404(texts, clinic=clinic, pk=wanted if is_id(wanted) else 0)
    given = {"clinic": clinic, "lot": lot, "template": template}
    try:
        key = uuid.UUID(request.POST.get("key", ""))
        shown = request.POST.get("shown", "")
        mail = write_to_lot(key=key, by=user_of(request), now=timezone.now(), shown=shown, **given)
    except ValueError:
        messages.error(request, _("Nothing was sent: look at the page again, then confirm."))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Confirmed. The messages leave behind the clinic's other messages."))
        return HttpResponseRedirect(reverse("admin:lots_lotmail_change", args=[mail.pk]))
    again = urlencode({"clinic": clinic.pk, "lot": lot, "text": template.pk})
    return HttpResponseRedirect(f"{reverse('admin:lots_lotmail_add')}?{again}")
