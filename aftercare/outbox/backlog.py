"""What a pause has piled up: a review before it ends, and a pace at which it then goes.

The review counts without writing, from what each message has. Resuming looks again at everything, so that a
review which is no longer true does no harm.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from aftercare.clinics.models import Clinic, Patient
from aftercare.outbox.models import ScheduledMessage, SitePause, Status, Why
from aftercare.outbox.pacing import Waiting, spread
from aftercare.outbox.reasons import BY_STAFF
from aftercare.outbox.waking import wake_on_commit
from aftercare.protocols.models import Protocol
from aftercare.timing import QuietHours

Paused = Clinic | Patient | Protocol | SitePause
BATCH = 500

WHERE = {Clinic: "clinic", Protocol: "session__protocol", Patient: "patient"}
PAUSES = {
    Clinic: Q(clinic__paused_at__isnull=False),
    Protocol: Q(session__protocol__paused_at__isnull=False),
    Patient: Q(patient__paused_at__isnull=False),
}
NO_CONSENT = Q(patient__email_consent_at__isnull=True)
OPEN_CONCERN = Q(patient__concern_at__isnull=False, safety_critical=False)
_COLUMNS = ("pk", "safety_critical", "due_at", "latest_at", "moved_by", "step__quiet_exempt")
_PLACE = ("patient__time_zone", "clinic__time_zone", "clinic__quiet_from", "clinic__quiet_until")


@dataclass(frozen=True, kw_only=True)
class StepCount:
    """How many messages of one step go at once; ``oldest`` is the earliest time one was planned for."""

    name: str
    safety_critical: bool
    count: int
    oldest: datetime


@dataclass(frozen=True, kw_only=True)
class Review:
    """What ending a pause does, as things stand.

    ``at_once``: by step, the safety-critical first; spread over time if a pace is chosen. ``later``: how many
    go at their own times, the first at ``later_from``. ``missed``: whose window has passed since the pause
    began. ``still_held``: another pause, or a missing consent, holds them.
    """

    at_once: list[StepCount] = field(default_factory=list)
    later: int = 0
    later_from: datetime | None = None
    missed: int = 0
    missed_safety: int = 0
    still_held: int = 0

    @property
    def total(self) -> int:
        """How many go at once."""
        return sum(step.count for step in self.at_once)

    @property
    def safety(self) -> int:
        """How many of these are safety-critical."""
        return sum(step.count for step in self.at_once if step.safety_critical)


def messages_of(what: Paused) -> QuerySet[ScheduledMessage]:
    """Every message that a pause of it concerns."""
    if isinstance(what, SitePause):
        return ScheduledMessage.objects.all()
    return ScheduledMessage.objects.filter(**{WHERE[type(what)]: what})


def review(what: Paused, *, now: datetime) -> Review:
    """What would happen if the pause of this clinic, protocol, patient or site ended now."""
    waiting, elsewhere = _waiting_for(what), held_elsewhere(what)
    going = waiting.filter(latest_at__gte=now).exclude(elsewhere)
    opens = {row.key: row.opens(now) for row in _read(going.filter(_overdue(now)))}
    ahead = going.exclude(_overdue(now)).aggregate(count=Count("pk"), first=Min("due_at"))
    later = [at for at in opens.values() if at > now]
    missed = _missed(what, waiting, now).aggregate(
        count=Count("pk"), safety=Count("pk", filter=Q(safety_critical=True))
    )
    return Review(
        at_once=_by_step(going, {key for key, at in opens.items() if at <= now}),
        later=len(later) + ahead["count"],
        later_from=min([*later, *([ahead["first"]] if ahead["first"] else [])], default=None),
        missed=missed["count"],
        missed_safety=missed["safety"],
        still_held=waiting.filter(elsewhere, latest_at__gte=now).count(),
    )


def spread_backlog(rows: QuerySet[ScheduledMessage], *, now: datetime, per_minute: int | None) -> int:
    """Gives each of these messages that waited beyond its time its turn, as :func:`.pacing.spread` has it.

    Call it in the transaction that ends the pause. Returns how many they are.
    """
    backlog = rows.filter(_overdue(now), status=Status.SCHEDULED, latest_at__gte=now)
    locked = {row.pk for row in backlog.order_by("pk").only("pk").select_for_update(of=("self",))}
    waiting = {row.key: row for row in _read(backlog) if row.key in locked}
    times = spread(waiting.values(), now=now, per_minute=per_minute)
    moved = [ScheduledMessage(pk=pk, due_at=at) for pk, at in times.items() if at != waiting[pk].due_at]
    ScheduledMessage.objects.bulk_update(moved, ["due_at"], batch_size=BATCH)
    if any(at <= now for at in times.values()):
        wake_on_commit()
    return len(times)


def minutes_at(count: int, per_minute: int) -> int:
    """How many minutes so many messages take at that pace, rounded up."""
    return int(-(-timedelta(minutes=count) // timedelta(minutes=per_minute)))


def _overdue(now: datetime) -> Q:
    """Whose own time has passed, whatever it waits for."""
    return Q(planned_at__lte=now) | Q(send_at__lte=now)


def _waiting_for(what: Paused) -> QuerySet[ScheduledMessage]:
    """The messages that the pause keeps from going: a pause of the site leaves them scheduled."""
    rows = messages_of(what)
    if isinstance(what, SitePause):
        return rows.filter(status=Status.SCHEDULED)
    return rows.filter(status=Status.HELD).exclude(why=Why.SESSION_REOPENED)


def held_elsewhere(what: Paused) -> Q:
    """What else holds a message once this pause is over."""
    if isinstance(what, SitePause):
        return Q(pk__in=[])
    others = NO_CONSENT | OPEN_CONCERN
    for kind, paused in PAUSES.items():
        if not isinstance(what, kind):
            others |= paused
    return others


def _missed(what: Paused, waiting: QuerySet[ScheduledMessage], now: datetime) -> QuerySet[ScheduledMessage]:
    """Whose window has passed since the pause began, whether or not that is written down yet."""
    late = Q(pk__in=waiting.filter(latest_at__lt=now).values("pk"))
    lost = Q(status=Status.MISSED, why=Why.WINDOW_PASSED, latest_at__gte=what.paused_at or now)
    return messages_of(what).filter(late | lost)


def _read(rows: QuerySet[ScheduledMessage]) -> Iterator[Waiting]:
    for pk, critical, due_at, latest_at, moved_by, exempt, *place in rows.values_list(*_COLUMNS, *_PLACE):
        own_zone, zone, quiet_from, quiet_until = place
        spares = not exempt and BY_STAFF not in moved_by and quiet_from != quiet_until
        yield Waiting(
            key=pk,
            safety_critical=critical,
            due_at=due_at,
            latest_at=latest_at,
            zone=own_zone or zone,
            quiet=QuietHours(quiet_from, quiet_until) if spares else None,
        )


def _by_step(rows: QuerySet[ScheduledMessage], keys: Iterable[Any]) -> list[StepCount]:
    keys, planned = set(keys), defaultdict(list)
    for pk, name, critical, at in rows.values_list("pk", "step__name", "safety_critical", "planned_at"):
        if pk in keys:
            planned[not critical, name].append(at)
    return [
        StepCount(name=name, safety_critical=not routine, count=len(times), oldest=min(times))
        for (routine, name), times in sorted(planned.items())
    ]
