"""The link of every message by which a patient asks for no more of them (RFC 8058)."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from aftercare.content.wording import language_of
from aftercare.outbox import clock
from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.unsubscribing import BadLink, OldLink, message_of, unsubscribe
from aftercare.pages.privacy import private


@csrf_exempt  # mail programs post here without a cookie; the signed token is the proof
@require_http_methods(["GET", "HEAD", "POST"])
@private
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks and changes nothing (scanners follow links); POST unsubscribes, once or many times."""
    now = clock.database_now()
    try:
        message = message_of(token, now=now)
    except BadLink:
        return render(request, "pages/link_unknown.html", status=HTTPStatus.NOT_FOUND)
    except OldLink:
        return render(request, "pages/link_old.html", status=HTTPStatus.GONE)
    if request.method == "POST":
        unsubscribe(message, now=now)
        return _page(request, message, "done")
    return _page(request, message, "ask")


def _page(request: HttpRequest, message: ScheduledMessage, which: str) -> HttpResponse:
    """Of a page that is written once a language, the patient's."""
    language = language_of(message.patient.written_locale)
    context = {"clinic": message.clinic, "language": language}
    return render(request, f"pages/unsubscribe_{which}.{language}.html", context)
