"""How the outbox stands, in numbers for operators; read so that ten million messages do not slow it down.

What is due is read from the partial index of scheduled messages, and counted no further than CAP; what is in
hand from the index of leases; other statuses clinic by clinic from the clinics' own index. Rates come from
tallies: messages that were sent are never counted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from aftercare.clinics.models import Clinic
from aftercare.outbox.heartbeat import last_ticks, workers_seen
from aftercare.outbox.models import (
    ChannelRest,
    DeliveryEvent,
    ScheduledMessage,
    SitePause,
    Status,
    StatusChange,
    Why,
)
from aftercare.outbox.tallying import sent_since

CAP = 10_000
"""Due messages of each kind, failed, missed and waiting events are counted no further, the oldest first.
Beyond it PostgreSQL would read all that is promised rather than the beginning of the index."""
DAY = timedelta(days=1)
LOOK_BACK = timedelta(days=30)
"""Among messages promised before, none is looked for that failed or was missed in the last day."""
AGES = {"under_1m": timedelta(0), "1m_to_5m": timedelta(minutes=1), "5m_to_1h": timedelta(minutes=5)}
OLDEST_AGE = "over_1h"


@dataclass(frozen=True)
class Due:
    """Scheduled messages whose time has come, by how long ago it came."""

    by_age: dict[str, int]
    oldest_seconds: float

    @property
    def count(self) -> int:
        return sum(self.by_age.values())


@dataclass(frozen=True)
class Rest:
    """A mail service, or a sender's mail through it, that is left alone."""

    channel: str
    sender_domain: str
    refused: bool
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Figures:
    """All of it at one moment. Ages are in seconds; an age of None: never."""

    at: datetime
    due: Due
    claimed: int
    sending: int
    unknown: int
    unconfirmed: int
    held: int
    failed_last_day: int
    missed_last_day: int
    sent_last_minute: int
    sent_last_hour: int
    tick_ages: dict[str, float]
    broker_expected: bool
    workers: int
    rests: list[Rest]
    paused_since: datetime | None
    events_waiting: int
    oldest_event_seconds: float

    @property
    def tick_age(self) -> float | None:
        """Since the newest tick, through the broker or of a loop."""
        return min(self.tick_ages.values(), default=None)


def read_figures(*, now: datetime) -> Figures:
    leased = _by_status(ScheduledMessage.objects.all(), Status.CLAIMED, Status.SENDING)
    waiting = _by_status(_clinic_by_clinic(), Status.UNKNOWN, Status.UNCONFIRMED, Status.HELD)
    events, oldest_event = _events(now)
    return Figures(
        at=now,
        due=_due(now),
        claimed=leased.get(Status.CLAIMED, 0),
        sending=leased.get(Status.SENDING, 0),
        unknown=waiting.get(Status.UNKNOWN, 0),
        unconfirmed=waiting.get(Status.UNCONFIRMED, 0),
        held=waiting.get(Status.HELD, 0),
        failed_last_day=_moved_last_day(Status.FAILED, now),
        missed_last_day=_moved_last_day(Status.MISSED, now),
        sent_last_minute=sent_since(now - timedelta(minutes=1)),
        sent_last_hour=sent_since(now - timedelta(hours=1)),
        tick_ages={name: (now - at).total_seconds() for name, at in sorted(last_ticks().items())},
        broker_expected=bool(settings.REDIS_URL),
        workers=workers_seen(now=now),
        rests=_rests(now),
        paused_since=SitePause.objects.filter(resumed_at__isnull=True)
        .values_list("paused_at", flat=True)
        .first(),
        events_waiting=events,
        oldest_event_seconds=oldest_event,
    )


def _due(now: datetime) -> Due:
    by_age = dict.fromkeys((*AGES, OLDEST_AGE), 0)
    oldest = now
    # By kind, as the index begins with it.
    for critical in (True, False):
        rows = ScheduledMessage.objects.filter(
            status=Status.SCHEDULED, safety_critical=critical, due_at__lte=now
        )
        waiting = rows.order_by("due_at").values("due_at")[:CAP]
        found = waiting.aggregate(oldest=Min("due_at"), **_ages(now))
        oldest = min(oldest, found.pop("oldest") or now)
        for age, count in found.items():
            by_age[age] += count
    return Due(by_age, (now - oldest).total_seconds())


def _ages(now: datetime) -> dict[str, Count]:
    youngest = [now - age for age in AGES.values()]
    oldest = [*youngest[1:], now - timedelta(hours=1)]
    spans = {
        age: Q(due_at__lte=until, due_at__gt=since)
        for age, until, since in zip(AGES, youngest, oldest, strict=True)
    }
    spans[OLDEST_AGE] = Q(due_at__lte=oldest[-1])
    return {age: Count("due_at", filter=span) for age, span in spans.items()}


def _clinic_by_clinic() -> QuerySet[ScheduledMessage]:
    """All messages, in words that let the index of each clinic's messages by status serve."""
    return ScheduledMessage.objects.filter(clinic__in=Clinic.objects.values("pk"))


def _by_status(rows: QuerySet[ScheduledMessage], *statuses: Status) -> dict[str, int]:
    counted = rows.filter(status__in=statuses).values_list("status").annotate(count=Count("pk"))
    return dict(counted.order_by())


def _moved_last_day(status: Status, now: datetime) -> int:
    """How many came to the status in the last day and are in it; not those entered after their window."""
    lines = StatusChange.objects.filter(message=OuterRef("pk"), to_status=status, at__gte=now - DAY)
    rows = _clinic_by_clinic().filter(status=status, send_at__gte=now - LOOK_BACK)
    return rows.exclude(why=Why.ENTERED_LATE).filter(Exists(lines))[:CAP].count()


def _rests(now: datetime) -> list[Rest]:
    """Those in force: what refuses us stays so until a message gets through."""
    rows = ChannelRest.objects.filter(Q(until__gt=now) | Q(refused=True))
    return [Rest(row.channel, row.sender_domain, row.refused, row.since, row.until) for row in rows]


def _events(now: datetime) -> tuple[int, float]:
    """How many delivery events wait for their verdict, and since when the oldest."""
    rows = DeliveryEvent.objects.filter(verdict="").order_by("pk")
    oldest = rows.values_list("received_at", flat=True).first()
    return rows[:CAP].count(), max((now - oldest).total_seconds(), 0) if oldest else 0
