"""The first page: what went, what comes, what needs a human, and whether the engine is alive."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.console.access import RECORDERS, access_of, zone_of
from aftercare.console.alarms import alarms_for
from aftercare.console.session_plan import Line, line_of
from aftercare.console.times import said
from aftercare.followups.models import FollowUpTask
from aftercare.outbox.heartbeat import last_tick
from aftercare.outbox.models import Delivery, ScheduledMessage, Status
from aftercare.outbox.site_pause import in_force
from aftercare.treatments.models import SessionState, TreatmentSession

MESSAGES = "admin:outbox_scheduledmessage_changelist"
#: The engine ticks every few seconds; three minutes of silence are no hiccup.
SILENCE = timedelta(minutes=3)
RECENT = timedelta(days=7)
CAME_BACK = (Delivery.BOUNCED.value, Delivery.REJECTED.value)


@dataclass(frozen=True)
class Number:
    """A number on the page, and the list behind it."""

    label: Promise
    value: int
    url: str
    tone: str = ""


def fill_in(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds what the first page shows of the user's clinics."""
    access, now = access_of(request), timezone.now()
    zone = zone_of(request)
    rows = ScheduledMessage.objects.for_user(request.user)
    return {
        **context,
        "today": said(now, zone),
        "numbers": _numbers(rows, now, zone),
        "attention": [number for number in _attention(request, rows, now) if number.value],
        "coming": _lines(rows.filter(status=Status.SCHEDULED).order_by("send_at")),
        "left": _lines(rows.filter(status=Status.SENT).order_by("-sent_at")),
        "engine": _engine(now, zone),
        "drafts": _drafts(request),
        "alarms": alarms_for(request),
        "may_record": access.holds(RECORDERS),
        "may_pause_everything": access.superuser and in_force() is None,
    }


def _numbers(rows: QuerySet[ScheduledMessage], now: datetime, zone: ZoneInfo) -> list[Number]:
    start = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    day = Q(send_at__gte=start, send_at__lt=start + timedelta(days=1))
    found = rows.aggregate(
        due=Count("pk", filter=Q(status=Status.SCHEDULED) & day),
        sent=Count("pk", filter=Q(status=Status.SENT, sent_at__gte=start)),
        coming=Count("pk", filter=Q(status=Status.SCHEDULED)),
    )
    return [
        Number(_("still due today"), found["due"], _list(status__exact=Status.SCHEDULED)),
        Number(_("sent today"), found["sent"], _list(status__exact=Status.SENT)),
        Number(_("coming in all"), found["coming"], _list(status__exact=Status.SCHEDULED)),
    ]


def _attention(request: HttpRequest, rows: QuerySet[ScheduledMessage], now: datetime) -> list[Number]:
    """What a person has to look at; missed and bounced messages only of the last week."""
    missed = Q(status=Status.MISSED, latest_at__gte=now - RECENT)
    bounced = Q(delivery__in=CAME_BACK, delivery_at__gte=now - RECENT)
    statuses = (Status.FAILED, Status.UNKNOWN, Status.UNCONFIRMED, Status.HELD)
    counts: dict[str, Any] = {status.value: Count("pk", filter=Q(status=status)) for status in statuses}
    found = rows.aggregate(missed=Count("pk", filter=missed), bounced=Count("pk", filter=bounced), **counts)
    tasks = FollowUpTask.objects.for_user(request.user).filter(closed_at__isnull=True)
    return [
        Number(
            _("follow-up tasks open"),
            tasks.count(),
            reverse("admin:followups_followuptask_changelist"),
            "bad",
        ),
        Number(_("failed"), found["failed"], _list(status__exact=Status.FAILED), "bad"),
        Number(
            _("unconfirmed: did it arrive?"), found["unconfirmed"], _list(status__exact="unconfirmed"), "bad"
        ),
        Number(_("unknown: may have left"), found["unknown"], _list(status__exact=Status.UNKNOWN), "wait"),
        Number(
            _("bounced or rejected in the last 7 days"),
            found["bounced"],
            _list(delivery__in=",".join(CAME_BACK), delivery_at__gte=(now - RECENT).isoformat()),
            "bad",
        ),
        Number(_("missed in the last 7 days"), found["missed"], _list(status__exact=Status.MISSED), "wait"),
        Number(_("held"), found["held"], _list(status__exact=Status.HELD), "wait"),
    ]


def _lines(rows: QuerySet[ScheduledMessage]) -> list[tuple[Line, str]]:
    related = rows.select_related("step", "patient__clinic", "session")[:6]
    return [(line_of(row), str(row.patient)) for row in related]


def _drafts(request: HttpRequest) -> list[TreatmentSession]:
    drafts = TreatmentSession.objects.for_user(request.user).filter(state=SessionState.DRAFT)
    return list(drafts.select_related("patient", "protocol").order_by("-ended_at")[:5])


def _engine(now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """When the engine was last seen, and whether that is too long ago."""
    seen = last_tick()
    return {
        "seen": said(seen, zone) if seen else "",
        "seen_at": seen,
        "silent": seen is None or now - seen > SILENCE,
    }


def _list(**filters: str) -> str:
    return f"{reverse(MESSAGES)}?{urlencode(filters)}"
