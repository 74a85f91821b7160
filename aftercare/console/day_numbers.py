"""The numbers of the first page, each with the list behind it, which counts the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, F, Max, Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.followups.models import Cause, FollowUpTask
from aftercare.outbox.delivery import LOST
from aftercare.outbox.models import ScheduledMessage, StaffNotice, Status
from aftercare.protocols.models import ProtocolStep

MESSAGES = "admin:outbox_scheduledmessage_changelist"
TASKS = "admin:followups_followuptask_changelist"
NOTICES = "admin:outbox_staffnotice_changelist"
RECENT = timedelta(days=7)
WIDEST_WINDOW = timedelta(days=14)
"""What was sent today was promised for no earlier, unless a step of the clinic may leave later than that."""
DAY = timedelta(days=1)
LOST_DELIVERIES = tuple(delivery.value for delivery in LOST)


@dataclass(frozen=True)
class Number:
    """A number on the page, and the list behind it. ``tone``: bad, wait or nothing."""

    label: str | Promise
    value: int
    url: str
    tone: str = ""


def messages_url(**filters: object) -> str:
    """The list of messages with these filters; instants as ISO 8601, several values of one as a tuple."""
    return f"{reverse(MESSAGES)}?{urlencode({name: _said(value) for name, value in filters.items()})}"


def coming(rows: QuerySet[ScheduledMessage], *, start: datetime) -> list[Number]:
    """What is still promised for the day that began at ``start``, and for the week from then on."""
    scheduled = rows.filter(status=Status.SCHEDULED, send_at__gte=start, send_at__lt=start + RECENT)
    found = scheduled.aggregate(
        today=Count("send_at", filter=Q(send_at__lt=start + DAY)),
        week=Count("*"),
    )
    given = {"status__exact": Status.SCHEDULED, "send_at__gte": start}
    return [
        Number(_("still due today"), found["today"], messages_url(**given, send_at__lt=start + DAY)),
        Number(
            _("coming in 7 days, today's among them"),
            found["week"],
            messages_url(**given, send_at__lt=start + RECENT),
        ),
    ]


def widest_window(steps: QuerySet[ProtocolStep]) -> timedelta:
    """How long after the time it was promised for a message of these steps may leave at most."""
    minutes, days = F("latest_minutes") - F("offset_minutes"), F("latest_day") - F("day")
    found = steps.order_by().aggregate(minutes=Max(minutes), days=Max(days))
    longest = max(timedelta(minutes=found["minutes"] or 0), timedelta(days=(found["days"] or 0) + 1))
    return max(WIDEST_WINDOW, longest)


def sent_today(count: int, *, start: datetime, promised_since: datetime) -> Number:
    """``count``: what left since ``start``, of what was promised since then."""
    given = {"status__exact": Status.SENT, "send_at__gte": promised_since, "sent_at__gte": start}
    return Number(_("sent today"), count, messages_url(**given))


def attention(
    rows: QuerySet[ScheduledMessage],
    tasks: QuerySet[FollowUpTask],
    notices: QuerySet[StaffNotice],
    *,
    now: datetime,
) -> list[Number]:
    """What a person has to look at; what failed, was missed or came back only of the last week."""
    found = [*_tasks(tasks, now), *_messages(rows, now), _came_back(rows, now), *_notices(notices)]
    return [number for number in found if number.value]


def _tasks(tasks: QuerySet[FollowUpTask], now: datetime) -> Iterator[Number]:
    """Of open tasks."""
    found = tasks.filter(closed_at__isnull=True).aggregate(
        concerns=Count("pk", filter=Q(cause=Cause.CONCERN)),
        overdue=Count("pk", filter=Q(deadline_at__lt=now)),
        all=Count("pk"),
    )
    url = reverse(TASKS)
    yield Number(
        _("patients' concerns open"), found["concerns"], f"{url}?cause__exact={Cause.CONCERN}", "bad"
    )
    yield Number(_("follow-up tasks overdue"), found["overdue"], f"{url}?state=overdue", "bad")
    yield Number(_("follow-up tasks open"), found["all"], url, "wait" if not found["overdue"] else "bad")


def _messages(rows: QuerySet[ScheduledMessage], now: datetime) -> Iterator[Number]:
    since = now - RECENT
    stands = rows.filter(status__in=(Status.UNKNOWN, Status.UNCONFIRMED, Status.HELD))
    lately = rows.filter(status__in=(Status.FAILED, Status.MISSED), send_at__gte=since)
    found = _by_status(stands) | _by_status(lately)  # in one query no index would serve both

    def number(label: Promise, status: Status, tone: str, **more: object) -> Number:
        return Number(label, found.get(status, 0), messages_url(status__exact=status, **more), tone)

    yield number(_("failed in the last 7 days"), Status.FAILED, "bad", send_at__gte=since)
    yield number(_("unconfirmed: did it arrive?"), Status.UNCONFIRMED, "bad")
    yield number(_("unknown: may have left"), Status.UNKNOWN, "wait")
    yield number(_("missed in the last 7 days"), Status.MISSED, "wait", send_at__gte=since)
    yield number(_("held"), Status.HELD, "wait")


def _by_status(rows: QuerySet[ScheduledMessage]) -> dict[str, int]:
    return dict(rows.values_list("status").annotate(count=Count("*")).order_by())


def _came_back(rows: QuerySet[ScheduledMessage], now: datetime) -> Number:
    given = {"delivery__in": LOST_DELIVERIES, "delivery_at__gte": now - RECENT}
    label = _("bounced or rejected in the last 7 days")
    return Number(label, rows.filter(**given).count(), messages_url(**given), "bad")


def _notices(notices: QuerySet[StaffNotice]) -> Iterator[Number]:
    """Mails to staff that did not get through, while a task of theirs is open."""
    count = notices.needing_a_human().count()  # type: ignore[attr-defined]
    yield Number(
        _("mails to staff that did not get through"), count, f"{reverse(NOTICES)}?needs=human", "bad"
    )


def _said(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return ",".join(value) if isinstance(value, tuple) else value
