"""Two weeks of messages, day by day on the clinic's clock: what became of them, how long they took to leave.

A message counts on the day it was promised for, so that the numbers of a day and the lists behind them agree.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.dates import dated
from aftercare.console.day_numbers import LOST_DELIVERIES, messages_url
from aftercare.outbox.models import Delivery, ScheduledMessage, Status
from aftercare.timing import localise

DAYS = 14
ARRIVED = tuple(one.value for one in (Delivery.DELIVERED, Delivery.UNSUBSCRIBED, Delivery.COMPLAINED))
SOON, WITHIN_AN_HOUR = timedelta(minutes=5), timedelta(hours=1)
TOOK: Mapping[str, tuple[Promise, Q]] = {
    "5m": (_("up to 5 minutes"), Q(sent_at__lte=F("send_at") + SOON)),
    "1h": (
        _("5 minutes to an hour"),
        Q(sent_at__gt=F("send_at") + SOON, sent_at__lte=F("send_at") + WITHIN_AN_HOUR),
    ),
    "longer": (_("longer than an hour"), Q(sent_at__gt=F("send_at") + WITHIN_AN_HOUR)),
}
"""How long after the promised time a message left; the time to undo a completion is part of it."""
COLUMNS: Mapping[str, Promise] = {
    "sent": _("sent"),
    "delivered": _("delivered"),
    "bounced": _("came back"),
    **{name: label for name, (label, _q) in TOOK.items()},
}


TICKS = {"color": "#6b7280", "precision": 0}
OPTIONS = json.dumps(
    {
        "animation": False,
        "maintainAspectRatio": False,
        "plugins": {"legend": {"display": False}},  # the page has one, in the console's colours
        "scales": {
            "x": {"stacked": True, "grid": {"display": False}, "ticks": {**TICKS, "maxRotation": 0}},
            "y": {"stacked": True, "beginAtZero": True, "grid": {"lineWidth": 1}, "ticks": TICKS},
        },
    }
)
"""How Chart.js draws them: bars upon each other, whole numbers at the side."""


@dataclass(frozen=True)
class Day:
    """One day's cells, in the order of COLUMNS: each a count with the list behind it."""

    name: str
    short: str
    cells: Sequence[tuple[int, str]]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Chart:
    """One chart as JSON for unfold's Chart.js, and what its colours mean: pairs of a CSS name and a word."""

    data: str
    legend: Sequence[tuple[str, Promise]]


@dataclass(frozen=True)
class Charts:
    """The days on which something was sent, newest first, and the charts of all."""

    columns: Sequence[Promise]
    days: Sequence[Day]
    became: Chart
    took: Chart
    left_today: int
    options: str = OPTIONS


def charts_of(
    rows: QuerySet[ScheduledMessage], *, now: datetime, zone: ZoneInfo, promised_since: datetime
) -> Charts:
    """``promised_since``: how far back to look for what left today, however long ago it was promised."""
    today = now.astimezone(zone).date()
    dates = [today - timedelta(days=number) for number in range(DAYS)]
    since = min(_midnight(dates[-1], zone), promised_since)
    counted = _count(rows, zone, since=since, until=_midnight(today, zone, after=1))
    days = [_day(on, counted.get(on, {}), zone) for on in dates]
    shown = [day for day in days if day.counts]
    left_today = sum(counts["left_today"] for counts in counted.values())
    return Charts(list(COLUMNS.values()), shown, _became(days), _took(days), left_today)


def _count(
    rows: QuerySet[ScheduledMessage], zone: ZoneInfo, *, since: datetime, until: datetime
) -> dict[date, dict[str, int]]:
    sent = rows.filter(status=Status.SENT, send_at__gte=since, send_at__lt=until)
    today = _midnight(until.astimezone(zone).date(), zone, after=-1)
    found = sent.values(on=TruncDate("send_at", tzinfo=zone)).annotate(
        sent=Count("*"),
        delivered=Count("send_at", filter=Q(delivery__in=ARRIVED)),
        bounced=Count("send_at", filter=Q(delivery__in=LOST_DELIVERIES)),
        left_today=Count("send_at", filter=Q(sent_at__gte=today)),
        **{f"took_{name}": Count("send_at", filter=q) for name, (_label, q) in TOOK.items()},
    )
    columns = {
        **dict.fromkeys(("sent", "delivered", "bounced", "left_today"), ""),
        **dict.fromkeys(TOOK, "took_"),
    }
    each: Any = found.order_by()  # dictionaries of a date and counts
    return {row["on"]: {name: row[prefix + name] for name, prefix in columns.items()} for row in each}


def _day(on: date, counts: Mapping[str, int], zone: ZoneInfo) -> Day:
    given = {"status__exact": Status.SENT, "send_at__gte": _midnight(on, zone)}
    given["send_at__lt"] = _midnight(on, zone, after=1)
    more: Mapping[str, dict[str, Any]] = {
        "sent": {},
        "delivered": {"delivery__in": ARRIVED},
        "bounced": {"delivery__in": LOST_DELIVERIES},
        **{name: {"took": name} for name in TOOK},
    }
    cells = [(counts.get(name, 0), messages_url(**given, **more[name])) for name in COLUMNS]
    return Day(dated(on, "D j M"), dated(on, "j M"), cells, counts)


def _midnight(on: date, zone: ZoneInfo, *, after: int = 0) -> datetime:
    """The first instant of the day that many days later."""
    return localise(on + timedelta(days=after), datetime.min.time(), zone)[0]


def _became(days: Sequence[Day]) -> Chart:
    def reported(day: Day) -> int:
        return day.counts.get("delivered", 0) + day.counts.get("bounced", 0)

    return _chart(
        days,
        (_("delivered"), "--color-green-600", lambda day: day.counts.get("delivered", 0)),
        (
            _("sent, nothing reported"),
            "--color-primary-300",
            lambda day: day.counts.get("sent", 0) - reported(day),
        ),
        (_("came back"), "--color-red-500", lambda day: day.counts.get("bounced", 0)),
    )


def _took(days: Sequence[Day]) -> Chart:
    colours = {"5m": "--color-primary-600", "1h": "--color-orange-400", "longer": "--color-red-500"}
    return _chart(
        days,
        *(
            (label, colours[name], lambda day, name=name: day.counts.get(name, 0))
            for name, (label, _q) in TOOK.items()
        ),
    )


def _chart(days: Sequence[Day], *series: Any) -> Chart:
    oldest_first = list(reversed(days))
    data = json.dumps(
        {
            "labels": [day.short for day in oldest_first],
            "datasets": [
                {
                    "label": str(label),
                    "backgroundColor": f"var({colour})",
                    "data": [value(day) for day in oldest_first],
                    "stack": "one",
                    "maxBarThickness": 20,
                }
                for label, colour, value in series
            ],
        }
    )
    return Chart(data, [(colour, label) for label, colour, _value in series])
