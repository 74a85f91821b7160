"""A plan's dates as an iCalendar file (RFC 5545). It names no treatment: other people see calendars."""

from datetime import date, datetime, timedelta

from icalendar import Calendar, Event

from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.reading import Plan
from aftercare.pages.wording import page_wording
from aftercare.protocols.models import Topic
from aftercare.timing import FromWhen, localise

_SHOWN = timedelta(minutes=30)


def calendar_of(plan: Plan, message: ScheduledMessage, *, now: datetime) -> bytes:
    """An event for each restart date, next check-in and visit that is still to come.

    Its ids stay: a later file corrects it.
    """
    words = page_wording(message.patient.written_locale)
    calendar = Calendar()
    calendar.add("prodid", "-//Aftercare//Dates//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    dates: list[tuple[str, str, date | datetime | None]] = [
        (str(topic), words.restart.format(topic=words.again[topic]), _start(when, message))
        for topic, when in plan.restarts
    ]
    dates += [("check-in", words.check_in, plan.check_in_at), ("visit", words.next_visit, plan.next_visit_on)]
    for name, summary, start in dates:
        if start is not None and _to_come(start, message, now):
            calendar.add_component(_event(name, summary, start, message, now))
    return calendar.to_ical()


def _to_come(start: date | datetime, message: ScheduledMessage, now: datetime) -> bool:
    """Also a day that has begun."""
    if isinstance(start, datetime):
        return start >= now
    return start >= now.astimezone(message.patient.zone).date()


def _start(when: FromWhen, message: ScheduledMessage) -> date | datetime:
    return localise(when.on, when.at, message.patient.zone)[0] if when.at else when.on


def _event(
    name: str, summary: str, start: date | datetime, message: ScheduledMessage, now: datetime
) -> Event:
    clinic = message.clinic
    event = Event()
    event.add("uid", f"{message.session_id}-{name}@{clinic.sender_email.rpartition('@')[2]}")
    event.add("dtstamp", now)
    event.add("sequence", int(now.timestamp()))
    event.add("dtstart", start)
    event.add("dtend", start + (_SHOWN if isinstance(start, datetime) else timedelta(days=1)))
    event.add("summary", f"{summary} · {clinic.name}")
    event.add("description", _described(name, message))
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    return event


def _described(name: str, message: ScheduledMessage) -> str:
    """Whom to call; beside a restart date, that it is the earliest."""
    call = f"{message.clinic.name}: {message.clinic.phone}"
    earliest = page_wording(message.patient.written_locale).earliest
    return f"{earliest} {call}" if name in Topic else call
