"""The link of every message by which a patient asks for no more of them (RFC 8058)."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from aftercare.outbox.links import UNSUBSCRIBE
from aftercare.outbox.models import Purpose, ScheduledMessage
from aftercare.outbox.unsubscribing import purpose_of, stopped_for, unsubscribe
from aftercare.pages.opening import opened_by, patient_page

OFFERED = (Purpose.ROUTINE, Purpose.CARE)


@csrf_exempt  # mail programs post here without a cookie; the signed token is the proof
@require_http_methods(["GET", "HEAD", "POST"])
@opened_by(UNSUBSCRIBE)
def unsubscribe_page(request: HttpRequest, message: ScheduledMessage, now: datetime) -> HttpResponse:
    """GET asks and changes nothing (scanners follow links); POST unsubscribes, once or many times.

    A mail program's one click says nothing of purposes, and stops those of the message it comes from: routine
    messages, or all of them. On the page a patient chooses; the page then says what was stopped, and says so
    again whenever it is opened later.
    """
    if request.method != "POST":
        return patient_page(request, "unsubscribe_ask", message, stopped=stopped_for(message))
    chosen = request.POST.get("purpose")
    purpose = Purpose(chosen) if chosen in OFFERED else purpose_of(message)
    unsubscribe(message, purpose=purpose, now=now)
    only_routine = stopped_for(message) == Purpose.ROUTINE
    return patient_page(request, "unsubscribe_done", message, routine=only_routine)
