"""What saving a session came to, told in one line: in amber while something keeps its messages back."""

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.treatments.models import SessionState, TreatmentSession


def tell_outcome(request: HttpRequest, session: TreatmentSession) -> None:
    if session.state == SessionState.DRAFT:
        text = _("Saved as a draft. Nothing is sent until you complete it.")
        messages.success(request, text)
        return
    if not session.patient.phone:
        messages.warning(request, _ask_for_phone(session))
    mine = ScheduledMessage.objects.filter(session=session)
    coming, held = (mine.filter(status=status).count() for status in (Status.SCHEDULED, Status.HELD))
    parts = [_("Completed."), *([_scheduled(coming)] if coming or not held else [])]
    if not held:
        messages.success(request, " ".join(parts))
        return
    if mine.filter(status=Status.HELD, why=Why.NO_CONSENT).exists():
        messages.warning(request, format_html("{} {}", " ".join(parts), _ask_for_consent(session, held)))
        return
    messages.warning(request, " ".join([*parts, _held(held)]))


def _scheduled(count: int) -> str:
    return ngettext("%d message is scheduled.", "%d messages are scheduled.", count) % count


def _held(count: int) -> str:
    return ngettext("%d message is held.", "%d messages are held.", count) % count


def _ask_for_consent(session: TreatmentSession, held: int) -> str:
    text = ngettext(
        "%(count)d message is held: %(patient)s has not agreed to e-mails.",
        "%(count)d messages are held: %(patient)s has not agreed to e-mails.",
        held,
    )
    said = text % {"count": held, "patient": session.patient}
    address = reverse("admin:clinics_patient_change", args=[session.patient_id])
    return format_html('{} <a href="{}">{}</a>', said, address, _("Record the consent"))


def _ask_for_phone(session: TreatmentSession) -> str:
    said = _("There is no phone number for %(patient)s: nobody can call if an answer needs it.")
    address = reverse("admin:clinics_patient_change", args=[session.patient_id])
    filled = said % {"patient": session.patient}
    return format_html('{} <a href="{}">{}</a>', filled, address, _("Add the number"))
