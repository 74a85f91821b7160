"""From a link to its message, and to a page in the patient's language; for a link that leads nowhere, why."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from aftercare.clinics.hours import duty_of
from aftercare.clinics.models import Clinic
from aftercare.content.filters import dialled, is_number
from aftercare.content.wording import direction, language_of, wording
from aftercare.outbox import clock
from aftercare.outbox.links import SIGNED_ID, BadLink, Link, OldLink
from aftercare.outbox.models import ScheduledMessage
from aftercare.pages.preparing import prepared_statements
from aftercare.pages.privacy import private
from aftercare.pages.wording import LANGUAGES, page_wording

STRAY_END = re.compile(r"[^a-z2-7]+$")
LINK_OF_OURS = re.compile(rf"{SIGNED_ID}(/number|/photos|/dates\.ics)?")
View = Callable[[HttpRequest, ScheduledMessage, datetime], HttpResponse]
"""Of the request, the message that was opened, and when."""


def opened_by(link: Link) -> Callable[[View], Callable[..., HttpResponse]]:
    """Makes a view of one message a private page that only this link opens."""

    def opened(view: View) -> Callable[..., HttpResponse]:
        @private
        @wraps(view)
        @prepared_statements()
        def page(request: HttpRequest, token: str) -> HttpResponse:
            now = clock.database_now()
            try:
                message = link.message_of(token, now=now)
            except BadLink:
                return unknown_link(request)
            except OldLink as error:
                return old_link(request, error.message)
            return view(request, message, now)

        return page

    return opened


def client_address(request: HttpRequest) -> str:
    """Who asks: behind the proxy that does our TLS, the last address it noted. Only good for counting."""
    noted = request.headers.get("X-Forwarded-For", "") if settings.SECURE else ""
    return noted.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")


def patient_page(
    request: HttpRequest,
    template: str,
    message: ScheduledMessage,
    *,
    status: int = HTTPStatus.OK,
    locale: str = "",
    **more: Any,
) -> HttpResponse:
    """A page of ``templates/pages`` with the clinic's numbers, in ``locale``, else in the patient's."""
    context = {
        **said_in(locale or message.patient.written_locale, message.clinic),
        **more,
        "message": message,
    }
    page = render(request, f"pages/{template}.html", context, status=status)
    page["Content-Language"] = context["language"]
    return page


def said_in(locale: str, clinic: Clinic) -> dict[str, Any]:
    words = page_wording(locale)
    return {
        "clinic": clinic,
        "language": language_of(locale),
        "direction": direction(locale),
        "words": words,
        "contacts": contacts(clinic, locale),
        "dialled": {
            "emergency": dialled(clinic.emergency_number),
        },
        "told": {
            name: getattr(words, name).format(clinic=clinic.name)
            for name in ("ask_warning", "done_routine", "done_care", "stopped_all", "stopped_routine")
        },
    }


class Contact(NamedTuple):
    """Whom to call; ``dialled`` is empty where the clinic wrote something else than a number."""

    label: str
    said: str
    dialled: str


def contacts(
    clinic: Clinic, locale: str, *, now: datetime | None = None, emergency: bool = False
) -> list[Contact]:
    """The clinic's numbers, first the one that is answered: in an emergency, and if given, at that time."""
    words = wording(locale)
    phone = Contact(words.phone, clinic.phone, dialled(clinic.phone))
    outside = clinic.out_of_hours_contact
    closed = Contact(words.closed, outside, dialled(outside) if is_number(outside) else "")
    urgent = Contact(words.emergency, clinic.emergency_number, dialled(clinic.emergency_number))
    shut = now is not None and _is_shut(clinic, now)
    if emergency:
        return [urgent, closed, phone] if shut else [urgent, phone, closed]
    return [closed, urgent, phone] if shut else [phone, closed, urgent]


def _is_shut(clinic: Clinic, now: datetime) -> bool:
    """As far as the clinic has told its hours."""
    duty = duty_of(clinic)
    return bool(duty.hours) and not duty.covers(now)


def old_link(request: HttpRequest, message: ScheduledMessage) -> HttpResponse:
    return patient_page(request, "link_old", message, status=HTTPStatus.GONE)


def unknown_link(request: HttpRequest) -> HttpResponse:
    """In every language, as nobody knows who follows it."""
    languages = [(code, direction(code), page_wording(code)) for code in LANGUAGES]
    page = render(request, "pages/link_unknown.html", {"languages": languages}, status=HTTPStatus.NOT_FOUND)
    page["Content-Language"] = ", ".join(LANGUAGES)
    return page


@csrf_exempt  # a mail program that unsubscribes by one click has no cookie
@private
def stray_link(request: HttpRequest, kind: str, rest: str) -> HttpResponse:
    """For an address below a link's that is no page: with what a mail program or a hand has put at the end of
    a link, such as ``>`` or a full stop, it leads to the link; else it is unknown."""
    path = STRAY_END.sub("", rest)
    where = f"/{kind}/{path}" if path.endswith(".ics") else f"/{kind}/{path}/"
    if where == request.path or not LINK_OF_OURS.fullmatch(path):
        return unknown_link(request)
    return HttpResponseRedirect(where, status=HTTPStatus.TEMPORARY_REDIRECT)
