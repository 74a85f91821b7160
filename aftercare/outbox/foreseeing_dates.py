"""What a change of restrictions would do to the dates that messages name, before it is saved.

No message moves by it: dates are filled in when a message is written. Locks nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from aftercare.content.models import CompiledVersion
from aftercare.content.problems import ContentError
from aftercare.content.publishing import Texts, as_compiled
from aftercare.content.rendering import paths_of
from aftercare.outbox.composing import approved_texts
from aftercare.outbox.localising import from_when
from aftercare.outbox.merging import Day, day_of
from aftercare.outbox.models import Attempt, AttemptOutcome, ScheduledMessage
from aftercare.outbox.replanning import CHUNK, may_still_change
from aftercare.outbox.revising import UNSENT
from aftercare.protocols.models import Protocol, Restriction, Topic
from aftercare.timing import FromWhen
from aftercare.treatments.models import TreatmentSession

MOST_EXAMPLES = 5
MAY_HAVE_TOLD = (AttemptOutcome.OPEN, AttemptOutcome.SENT, AttemptOutcome.UNKNOWN)
_MARGIN = timedelta(days=2)  # zones, and dates that begin in the morning


@dataclass(frozen=True)
class OtherDate:
    """From when a patient may do something again, now and after saving; None: no rule."""

    session: TreatmentSession
    topic: Topic
    before: FromWhen | None
    after: FromWhen | None


@dataclass
class ForeseenDates:
    """``naming``: planned messages that will name another date. ``told``: patients who know the former one.

    ``untold``: those of them to whom no planned message names the new one.
    """

    naming: int = 0
    told: int = 0
    untold: int = 0
    examples: list[OtherDate] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.naming + self.told > 0


def foresee_dates(protocol: Protocol, restrictions: Sequence[Restriction], *, now: datetime) -> ForeseenDates:
    """What saving these restrictions would do to what the protocol's patients read, as seen at ``now``."""
    trial = Protocol.objects.get(pk=protocol.pk)
    trial._prefetched_objects_cache = {"restrictions": list(restrictions)}  # type: ignore[attr-defined]
    rules = [*protocol.restrictions.all(), *restrictions]
    topics = sorted({rule.topic for rule in rules})
    ids = _may_name_a_date(protocol, rules, now)
    found = _Found()
    for start in range(0, len(ids), CHUNK):
        rows = TreatmentSession.objects.filter(pk__in=ids[start : start + CHUNK])
        found.note([other for one in _loaded(rows) for other in _other_dates(one, trial, topics)], now)
    return found.counted()


def _may_name_a_date(protocol: Protocol, rules: Iterable[Restriction], now: datetime) -> list[int]:
    """Completed sessions with something promised, or whose patients may be waiting still."""
    hours = [hours for rule in rules for hours in (rule.hours_light, rule.hours_deeper) if hours]
    since = now - timedelta(hours=max(hours, default=0)) - _MARGIN
    waiting = TreatmentSession.objects.filter(protocol=protocol, ended_at__gte=since, state="completed")
    promised = may_still_change(Q(protocol=protocol), protocol.steps.all(), now=now)
    return sorted({*promised, *waiting.values_list("pk", flat=True)})


def _loaded(rows: QuerySet[TreatmentSession]) -> QuerySet[TreatmentSession]:
    related = rows.select_related("protocol", "patient__clinic").order_by("pk")
    return related.prefetch_related("areas", "protocol__restrictions")


def _other_dates(session: TreatmentSession, trial: Protocol, topics: Iterable[str]) -> Iterator[OtherDate]:
    day = day_of(session)
    before = day.strictest(topics)
    after = _tried(day, trial).strictest(topics)
    for topic in topics:
        if before[topic] != after[topic]:
            yield OtherDate(session, Topic(topic), before[topic], after[topic])


def _tried(day: Day, trial: Protocol) -> Day:
    for session in (day.session, *day.others):
        if session.protocol_id == trial.pk:
            session.protocol = trial
    return day


class _Found:
    """What was found so far; of two sessions of a day each finds the messages of both."""

    def __init__(self) -> None:
        self.naming: dict[Any, int] = {}
        self.told: set[int] = set()
        self.examples: list[OtherDate] = []

    def note(self, others: Sequence[OtherDate], now: datetime) -> None:
        by_session: dict[int, list[OtherDate]] = {}
        for other in others:
            for pk in (other.session.pk, *other.session.same_day):  # the day's messages have the same dates
                by_session.setdefault(pk, []).append(other)
        self.naming |= {message.pk: message.patient_id for message in _planned_naming(by_session)}
        self.told |= _told(by_session, now)
        touched = self.told | set(self.naming.values())
        self.examples += [other for other in others if other.session.patient_id in touched]
        del self.examples[MOST_EXAMPLES:]

    def counted(self) -> ForeseenDates:
        untold = self.told - set(self.naming.values())
        return ForeseenDates(len(self.naming), len(self.told), len(untold), self.examples)


def _planned_naming(by_session: dict[int, list[OtherDate]]) -> Iterator[ScheduledMessage]:
    """The messages not sent yet whose text speaks of one of the dates."""
    rows = ScheduledMessage.objects.filter(session__in=by_session, status__in=UNSENT)
    texts: dict[Any, Texts | None] = {}
    for message in rows.select_related("step__template", "patient__clinic", "clinic"):
        key = (message.step.template_id, message.patient.written_locale)
        if key not in texts:
            texts[key] = _texts_of(message)
        found = texts[key]
        if found and any(_names(found.for_promise(message.created_at), by_session[message.session_id])):
            yield message


def _texts_of(message: ScheduledMessage) -> Texts | None:
    try:
        return approved_texts(message)
    except ContentError:
        return None


def _names(text: CompiledVersion, others: Iterable[OtherDate]) -> Iterator[OtherDate]:
    """Of which of the dates the text speaks."""
    paths = paths_of(as_compiled(text))
    return (other for other in others if f"from.{other.topic}" in paths)


def _told(by_session: dict[int, list[OtherDate]], now: datetime) -> set[int]:
    """The patients whose latest message on a date that is still ahead names another than the new one."""
    tries = Attempt.objects.filter(message__session__in=by_session, outcome__in=MAY_HAVE_TOLD)
    latest: dict[tuple[int, Topic], bool] = {}
    for each in tries.select_related("message", "compiled").order_by("opened_at"):
        for other in _names(each.compiled, by_session[each.message.session_id]):
            if _is_ahead(other, now):
                latest[other.session.patient_id, other.topic] = _said(each, other) != _would_say(each, other)
    return {patient for (patient, _topic), former in latest.items() if former}


def _is_ahead(other: OtherDate, now: datetime) -> bool:
    today = now.astimezone(other.session.patient.zone).date()
    return any(when is not None and when.on >= today for when in (other.before, other.after))


def _said(attempt: Attempt, other: OtherDate) -> str:
    return attempt.values.get("from", {}).get(other.topic, "")


def _would_say(attempt: Attempt, other: OtherDate) -> str:
    return from_when(other.after, attempt.headers["Content-Language"]) if other.after else ""
