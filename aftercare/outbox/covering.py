"""Whether a leaflet that has left already speaks for a further session of its day, or must go again.

While neither has left, the later session's message stands for both (see :mod:`aftercare.outbox.superseding`).
Once one has left, it covers the other's only if that would say the same: no other date, no other word. Where
that is not certain, the other goes too.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from aftercare.content.models import TemplateVersion
from aftercare.outbox.delivery import LOST
from aftercare.outbox.merging import TOLD, Day, with_all_told
from aftercare.outbox.models import Attempt, AttemptOutcome, ScheduledMessage, Status, Why
from aftercare.outbox.saying_again import news_of
from aftercare.outbox.superseding import Course, same_day
from aftercare.protocols.models import PLANNED_KINDS, ProtocolStep
from aftercare.treatments.models import TreatmentSession

LEFT = (
    Status.SENDING,
    Status.SENT,
    Status.UNKNOWN,
    Status.UNCONFIRMED,
    Status.FAILED,
    Status.SUPPRESSED,
)
"""It is too late to tell of one more session in it."""

Rows = Mapping[int, ScheduledMessage]
"""A session's own messages by step id."""


@dataclass(frozen=True)
class Told:
    """What the messages that have left on a session's day mean for one of its steps.

    ``by``: the one that covers it. Else ``news`` is what the last of them did not say, and ``last`` that one;
    None where none has certainly come. ``left``: the sessions, by id, whose message cannot speak for it now.
    """

    left: frozenset[int]
    by: ScheduledMessage | None = None
    last: ScheduledMessage | None = None
    news: tuple[str, ...] = ()

    @property
    def detail(self) -> str:
        """For staff, in a sentence."""
        if self.by is not None:
            return _("Already sent on %(when)s; it covers this session.") % {"when": _sent(self.by)}
        if self.last is not None:
            text = _("Goes again after %(when)s, because this is new: %(news)s.")
            return text % {"when": _sent(self.last), "news": "; ".join(self.news)}
        return ""


@dataclass
class Leaflets:
    """Of some sessions' days: the messages that have left, by session, and the texts approved for them."""

    left: dict[int, list[ScheduledMessage]] = field(default_factory=lambda: defaultdict(list))
    texts: dict[int, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    treatments: dict[int, TreatmentSession] = field(default_factory=dict)

    @classmethod
    def of(cls, ids: Iterable[int], *, instead: Sequence[TreatmentSession] = ()) -> "Leaflets":
        """Of the completed sessions with these ids; ``instead`` replaces stored ones. A few queries at most.

        None where the list of ids is empty, one where nothing has left.
        """
        found, wanted = cls(), sorted(set(ids))
        for message in _left(wanted) if wanted else ():
            found.left[message.session_id].append(message)
        if found.left:
            stored = with_all_told(TreatmentSession.objects.filter(pk__in=wanted))
            found.treatments = {each.pk: each for each in (*stored, *instead)}
            templates = {each.step.template_id for rows in found.left.values() for each in rows}
            approved = TemplateVersion.objects.approved().filter(template__in=templates)
            for template, language, pk in approved.values_list("template", "language", "pk"):
                found.texts[template][language] = pk
        return found


def told_on_days(
    sessions: Sequence[TreatmentSession],
    course: Mapping[int, Course],
    rows: Mapping[int, Rows],
    *,
    instead: Sequence[TreatmentSession] = (),
) -> dict[int | None, dict[int, Told]]:
    """By session id and step id, for the steps whose leaflet has left for another session of the day.

    ``course``: by patient. ``rows``: by session id. ``instead``: sessions as they would be saved. Takes no
    query where each session is alone on its day, and no more for more sessions.
    """
    days = {each.pk: same_day(each, each.patient.zone, course[each.patient_id]) for each in sessions}
    leaflets = Leaflets.of((pk for ids in days.values() for pk in ids), instead=instead)
    late = [each for each in sessions if any(leaflets.left.get(pk) for pk in days[each.pk])]
    prefetch_related_objects(late, *TOLD)
    return {each.pk: _told(each, days[each.pk], leaflets, rows.get(each.pk, {})) for each in late}


def covered_of(sessions: Iterable[int]) -> list[ScheduledMessage]:
    """The messages that are covered by what has left for these sessions; no query if there are none."""
    ids = list(sessions)
    if not ids:
        return []
    rows = ScheduledMessage.objects.filter(
        status=Status.SUPERSEDED, why=Why.ALREADY_SENT, superseded_by__in=ids
    )
    return list(rows.select_related("step", "session__protocol", "patient__clinic", "clinic"))


def covers(step: ProtocolStep, of: int, session: int, covered: Iterable[ScheduledMessage]) -> bool:
    """Whether, by these covered messages, the message of ``step`` of one session covers another session's."""
    return any(
        row.superseded_by_id == of and row.session_id == session and is_same_leaflet(step, row.step)
        for row in covered
    )


def is_same_leaflet(one: ProtocolStep, other: ProtocolStep) -> bool:
    """Whether they are one step, or two steps of different protocols with one template."""
    if one.protocol_id == other.protocol_id:
        return one.pk == other.pk
    return one.template_id == other.template_id


def _left(ids: Sequence[int]) -> Iterable[ScheduledMessage]:
    tries = Attempt.objects.filter(outcome=AttemptOutcome.SENT).select_related("compiled__version")
    tries = tries.defer("compiled__html", "compiled__version__body").order_by("number")
    rows = ScheduledMessage.objects.filter(session__in=ids, status__in=LEFT, step__kind__in=PLANNED_KINDS)
    rows = rows.select_related("step__template", "session", "patient__clinic").order_by("sent_at")
    return rows.prefetch_related(Prefetch("attempts", tries, to_attr="taken"))


def _told(session: TreatmentSession, ids: Sequence[int], leaflets: Leaflets, rows: Rows) -> dict[int, Told]:
    others = [leaflets.treatments[pk] for pk in ids]
    for other in others:
        other.patient = session.patient  # as it would be saved
    left = [message for other in others for message in leaflets.left[other.pk]]
    found = {}
    for step in session.protocol.steps.all():
        about = [each for each in left if is_same_leaflet(step, each.step)]
        row = rows.get(step.pk)
        if about and not _is_settled(row, about) and _is_once(step, session, others):
            day = Day(session, others, _in_order([session, *(o for o in others if _has(o, step))]))
            found[step.pk] = _judge(day, about, row, leaflets)
    return found


def _judge(
    day: Day, about: Sequence[ScheduledMessage], row: ScheduledMessage | None, leaflets: Leaflets
) -> Told:
    left = frozenset(each.session_id for each in about)
    came = sorted((each for each in about if _has_come(each)), key=_sent_at, reverse=True)
    all_news = []
    for message in came:
        stands = (
            row is not None and row.why == Why.ALREADY_SENT and row.superseded_by_id == message.session_id
        )
        texts = None if stands else leaflets.texts[message.step.template_id]
        news = news_of(day, message, _taken(message), texts=texts)
        if not news:
            return Told(left, by=message)
        all_news.append(news)
    return Told(left, last=came[0], news=all_news[0]) if came else Told(left)


def _is_settled(row: ScheduledMessage | None, about: Sequence[ScheduledMessage]) -> bool:
    """Whether the step's own message has left, or was told of in one that has."""
    if row is None or row.status in LEFT:
        return row is not None
    told_in = row.superseded_by_id in {each.session_id for each in about}
    return row.status == Status.SUPERSEDED and row.why == Why.NEWER_SESSION and told_in


def _is_once(step: ProtocolStep, session: TreatmentSession, others: Iterable[TreatmentSession]) -> bool:
    """Whether it is clear which step of another protocol has the same leaflet: each has it once."""
    protocols = {each.protocol_id: each.protocol for each in (session, *others)}
    del protocols[session.protocol_id]
    return not protocols or all(
        sum(each.template_id == step.template_id for each in protocol.steps.all()) <= 1
        for protocol in (session.protocol, *protocols.values())
    )


def _has(session: TreatmentSession, step: ProtocolStep) -> bool:
    steps = session.protocol.steps.all()
    return any(each.enabled and is_same_leaflet(step, each) for each in steps)


def _in_order(sessions: Iterable[TreatmentSession]) -> list[TreatmentSession]:
    return sorted(sessions, key=lambda each: (each.ended_at, each.pk or float("inf")))


def _has_come(message: ScheduledMessage) -> bool:
    """Whether the mail service has certainly taken it, and has not sent it back since."""
    taken = message.status == Status.SENT and not message.in_doubt and message.delivery not in LOST
    return taken and bool(_tries(message))


def _tries(message: ScheduledMessage) -> list[Attempt]:
    return message.taken  # type: ignore[attr-defined] # prefetched


def _taken(message: ScheduledMessage) -> Attempt:
    return _tries(message)[-1]


def _sent_at(message: ScheduledMessage) -> Any:
    return message.sent_at


def _sent(message: ScheduledMessage) -> str:
    local = _sent_at(message).astimezone(message.patient.zone)
    return f"{date_format(local, 'D j M')}, {local:%H:%M}"
