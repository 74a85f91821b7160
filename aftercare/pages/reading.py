"""The link of every message by which a patient reads it again, with the plan it belongs to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from aftercare.content.wording import direction, language_of
from aftercare.outbox.links import READ
from aftercare.outbox.localising import clock as clock_time
from aftercare.outbox.localising import day, from_when
from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.reading import Letter, NotKept, Plan, letter_of, plan_of
from aftercare.pages.calendar import calendar_of
from aftercare.pages.opening import contacts, old_link, opened_by, patient_page
from aftercare.pages.wording import page_wording


@require_safe
@opened_by(READ)
def reading_page(request: HttpRequest, message: ScheduledMessage, now: datetime) -> HttpResponse:
    """The message as it was sent, and what has come, what will, and from when on the patient may what."""
    try:
        letter = letter_of(message)
    except NotKept:
        return old_link(request, message)
    said = {**_said_of(letter, message), **_said_of_plan(plan_of(message.session), message)}
    said["contacts"] = contacts(message.clinic, message.patient.written_locale, now=now)
    return patient_page(request, "reading", message, letter=letter, **said)


@require_safe
@opened_by(READ)
def calendar_file(_request: HttpRequest, message: ScheduledMessage, now: datetime) -> HttpResponse:
    """The plan's dates for the patient's calendar."""
    calendar = calendar_of(plan_of(message.session), message, now=now)
    headers = {
        "Content-Disposition": 'attachment; filename="dates.ics"',
        "Content-Language": language_of(message.patient.written_locale),
    }
    return HttpResponse(calendar, content_type="text/calendar; charset=utf-8", headers=headers)


def _said_of(letter: Letter, message: ScheduledMessage) -> dict[str, Any]:
    words = page_wording(message.patient.written_locale)
    return {
        "sent": words.sent.format(**_local(letter.sent_at, message)),
        "written": {"lang": letter.locale, "dir": direction(letter.locale)},
    }


def _said_of_plan(plan: Plan, message: ScheduledMessage) -> dict[str, Any]:
    locale = message.patient.written_locale
    words = page_wording(locale)
    return {
        "plan": plan,
        "restarts": [(words.topics[topic], from_when(when, locale)) for topic, when in plan.restarts],
        "coming": [words.about.format(**_local(at, message)) for at in plan.coming],
        "came": [
            (told, day(told.sent_at.astimezone(message.patient.zone).date(), locale)) for told in plan.told
        ],
        "next_visit": day(plan.next_visit_on, locale) if plan.next_visit_on else "",
    }


def _local(at: datetime, message: ScheduledMessage) -> Mapping[str, str]:
    local, locale = at.astimezone(message.patient.zone), message.patient.written_locale
    return {"day": day(local.date(), locale), "time": clock_time(local.time(), locale)}
