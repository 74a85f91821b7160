"""The first page: what went, what comes, what needs a human, and whether the engine is alive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from aftercare.console.access import RECORDERS, access_of, clinic_by_clinic, zone_of
from aftercare.console.alarms import alarms_for
from aftercare.console.day_charts import charts_of
from aftercare.console.day_numbers import (
    DAY,
    RECENT,
    WIDEST_WINDOW,
    attention,
    coming,
    messages_url,
    sent_today,
    widest_window,
)
from aftercare.console.lists import reading_by_index
from aftercare.console.session_plan import Line, line_of
from aftercare.console.times import said, said_shortly
from aftercare.followups.levels import Level
from aftercare.followups.models import URGENT_FIRST, Cause, FollowUpTask
from aftercare.outbox.heartbeat import last_tick, signs_of_workers
from aftercare.outbox.models import ScheduledMessage, StaffNotice, Status
from aftercare.outbox.site_pause import in_force
from aftercare.outbox.suppressing import reasons_against
from aftercare.protocols.models import ProtocolStep
from aftercare.treatments.models import SessionState, TreatmentSession

#: The engine ticks every few seconds; three minutes of silence are no hiccup.
SILENCE = timedelta(minutes=3)
HOUR = timedelta(hours=1)
MOST_LINES, MOST_TASKS = 6, 6
MOST_URGENT = 50
"""Of what is urgent nothing is cut off, up to here."""
LOOKED_AT = 24
"""Messages: among the next to leave some may be stopped by a suppression."""


@dataclass(frozen=True)
class TaskLine:
    """An open task for the eye."""

    task: FollowUpTask
    deadline: str
    overdue: bool
    concern: bool
    level: str


@reading_by_index()
def fill_in(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds what the first page shows of the user's clinics."""
    access, now, zone = access_of(request), timezone.now(), zone_of(request)
    rows = clinic_by_clinic(access, access.limit(ScheduledMessage.objects.all()))
    tasks = access.limit(FollowUpTask.objects.all())
    start = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    since = start - widest_window(access.limit(ProtocolStep.every.all()))
    charts = charts_of(rows, now=now, zone=zone, promised_since=since)
    notices = access.limit(StaffNotice.objects.all(), RECORDERS)
    return {
        **context,
        "today": said(now, zone),
        "numbers": [
            sent_today(charts.left_today, start=start, promised_since=since),
            *coming(rows, start=start),
        ],
        "attention": attention(rows, tasks, notices, now=now),
        **_tasks(tasks, now, zone),
        "charts": charts,
        "coming": _coming(rows, now),
        "left": _left(rows, now),
        "engine": _engine(rows, now, zone),
        "drafts": _drafts(request),
        "alarms": alarms_for(request),
        "may_record": access.holds(RECORDERS),
        "may_pause_everything": access.superuser and in_force() is None,
    }


def _tasks(tasks: QuerySet[FollowUpTask], now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """All open tasks that are urgent, then those whose deadlines are next; how many more there are."""
    waiting = tasks.filter(closed_at__isnull=True)
    related = waiting.select_related("patient", "claimed_by", "clinic")
    first = list(related.order_by(URGENT_FIRST, "deadline_at")[: MOST_URGENT + 1])
    urgent = sum(task.level in (Level.E, Level.A) for task in first[:MOST_URGENT])
    shown = first[: max(urgent, MOST_TASKS)]
    if len(first) > MOST_URGENT:
        rest = waiting.exclude(pk__in=[task.pk for task in shown])
        count, soonest = rest.aggregate(count=Count("pk"), next=Min("deadline_at")).values()
    else:
        left = [task.deadline_at for task in first[len(shown) :]]
        count, soonest = len(left), min(left, default=None)
    return {"tasks": _task_lines(shown, now, zone), "more_tasks": _more(count, soonest, now, zone)}


def _more(count: int, soonest: datetime | None, now: datetime, zone: ZoneInfo) -> dict[str, Any] | None:
    """How many tasks are not shown, and the first deadline among them."""
    if soonest is None:
        return None
    return {"count": count, "at": said_shortly(soonest, zone), "overdue": soonest < now}


def _task_lines(tasks: Sequence[FollowUpTask], now: datetime, zone: ZoneInfo) -> list[TaskLine]:
    return [
        TaskLine(
            task=task,
            deadline=said_shortly(task.deadline_at, zone),
            overdue=task.deadline_at < now,
            concern=task.cause == Cause.CONCERN,
            level=task.get_level_display() if task.level != Level.NONE else "",
        )
        for task in tasks
    ]


def _coming(rows: QuerySet[ScheduledMessage], now: datetime) -> list[tuple[Line, str]]:
    """The next to leave of an hour, else of a day, else of a week; without what a suppression will stop."""
    scheduled = rows.filter(status=Status.SCHEDULED).order_by("send_at")
    leaving: list[ScheduledMessage] = []
    for span in (HOUR, DAY, RECENT):
        ids = list(scheduled.filter(send_at__lt=now + span).values_list("pk", flat=True)[:LOOKED_AT])
        if len(ids) >= MOST_LINES or span == RECENT:
            read = _read(ids)
            stopped = reasons_against(read)
            leaving = [row for row in read if row.pk not in stopped][:MOST_LINES]
        if len(leaving) == MOST_LINES:
            break
    return [(line_of(row), str(row.patient)) for row in leaving]


def _left(rows: QuerySet[ScheduledMessage], now: datetime) -> list[tuple[Line, str]]:
    """Of the last day, else of all that can have left lately; none leaves before it was promised for."""
    sent = rows.filter(status=Status.SENT, send_at__lte=now).order_by("-sent_at")
    spans = (sent.filter(send_at__gte=now - span) for span in (DAY, WIDEST_WINDOW))
    return _lines(*spans)


def _lines(*spans: QuerySet[ScheduledMessage]) -> list[tuple[Line, str]]:
    """The first few of the first that has enough: the fewer to look through, the better.

    Their ids first: what belongs to them is read of these few only.
    """
    ids: list[Any] = []
    for rows in spans:
        if len(ids) < MOST_LINES:
            ids = list(rows.values_list("pk", flat=True)[:MOST_LINES])
    return [(line_of(row), str(row.patient)) for row in _read(ids)]


def _read(ids: Sequence[Any]) -> list[ScheduledMessage]:
    """Those messages with what belongs to them, in that order."""
    related = ScheduledMessage.objects.select_related("step", "patient__clinic", "session").in_bulk(ids)
    return [related[pk] for pk in ids if pk in related]


def _drafts(request: HttpRequest) -> Sequence[TreatmentSession]:
    drafts = TreatmentSession.objects.for_user(request.user).filter(state=SessionState.DRAFT)
    return list(drafts.select_related("patient", "protocol").order_by("-ended_at")[:5])


def _engine(rows: QuerySet[ScheduledMessage], now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """When the engine was last seen, whether that is too long ago, how many work, and what waits longest."""
    seen = last_tick()
    due = rows.filter(status=Status.SCHEDULED, due_at__lte=now)
    oldest = due.order_by("due_at").values_list("due_at", flat=True).first()
    return {
        "seen": said(seen, zone) if seen else "",
        "seen_at": seen,
        "silent": seen is None or now - seen > SILENCE,
        "workers": [(name, said(at, zone)) for name, at in signs_of_workers(now=now)],
        "oldest_due": said(oldest, zone) if oldest else "",
        "due_url": messages_url(status__exact=Status.SCHEDULED, due_at__lte=now),
    }
