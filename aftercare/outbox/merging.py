"""Several treatments of one day, told in one message: all areas, and of each restriction the strictest.

The later session's message stands for an earlier one's with the same leaflet. Whatever a message is about,
its dates are the latest of all treatments of the day, so that no two messages contradict each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from aftercare.clinics.instances import prefetched
from aftercare.protocols.bounds import hours_of
from aftercare.protocols.models import ProtocolStep
from aftercare.timing import FromWhen, advice_instant
from aftercare.treatments.depth import DepthBand, band_of
from aftercare.treatments.models import SessionState, TreatmentSession

TOLD = ("areas", "products", "protocol__restrictions")
"""What a message tells of a treatment, and in no column of it."""


@dataclass(frozen=True)
class Day:
    """A session with the others of its day. ``told``: those the message tells of, itself last."""

    session: TreatmentSession
    others: Sequence[TreatmentSession] = ()
    told: Sequence[TreatmentSession] = ()

    def strictest(self, topics: Iterable[str]) -> dict[str, FromWhen | None]:
        """By topic, from when the patient may do it again after all treatments of the day; None: no rule."""
        return strictest([treatment_of(each) for each in (self.session, *self.others)], topics)


@dataclass(frozen=True)
class Treatment:
    """When a treatment ended, where the patient is, and by topic the hours they wait."""

    ended_at: datetime
    zone: ZoneInfo
    waits: Mapping[str, int | None]

    def after(self, hours: int) -> FromWhen:
        return advice_instant(self.ended_at, hours, self.zone)


def strictest(treatments: Sequence[Treatment], topics: Iterable[str]) -> dict[str, FromWhen | None]:
    """By topic, from when it is allowed again after all these treatments; None: no rule."""
    asked = list(topics)
    found: dict[str, FromWhen | None] = dict.fromkeys(asked)
    for each in treatments:
        ends: dict[int, FromWhen] = {}  # several topics wait equally long
        for topic in asked:
            hours = each.waits.get(topic)
            if hours is not None:
                if hours not in ends:
                    ends[hours] = each.after(hours)
                found[topic] = _later(found[topic], ends[hours])
    return found


def treatment_of(session: TreatmentSession) -> Treatment:
    return Treatment(session.ended_at, session.patient.zone, waits_of(session))


def day_of(session: TreatmentSession, step: ProtocolStep | None = None) -> Day:
    """The treatments of the session's day; asks no query for a session that is alone on its day."""
    if not session.same_day:
        return Day(session, told=(session,))
    others = completed(session.same_day, patient_id=session.patient_id)
    return Day(session, others, (*(each for each in others if _stands_for(session, each, step)), session))


def completed(ids: Iterable[int], *, patient_id: int) -> list[TreatmentSession]:
    """Those of the sessions that are the patient's and completed, with all that a message tells of them."""
    found = TreatmentSession.objects.filter(
        pk__in=list(ids), patient=patient_id, state=SessionState.COMPLETED
    )
    return list(with_all_told(found))


def with_all_told(sessions: QuerySet[TreatmentSession]) -> QuerySet[TreatmentSession]:
    """The sessions in the order in which they ended, with all that a message tells of them."""
    loaded = sessions.select_related("protocol", "patient__clinic").order_by("ended_at", "pk")
    return loaded.prefetch_related(*TOLD, "protocol__steps")


def waits_of(session: TreatmentSession) -> dict[str, int | None]:
    """By topic, the hours set for this session, else the protocol's for its depth; None: no rule."""
    light = band_of(area.depth_mm for area in prefetched(session, "areas")) is DepthBand.LIGHT
    rules = prefetched(session.protocol, "restrictions")
    return {rule.topic: hours_of(rule, light=light) for rule in rules} | session.waits


def _later(one: FromWhen | None, other: FromWhen) -> FromWhen:
    return other if one is None or _order(other) > _order(one) else one


def _stands_for(session: TreatmentSession, other: TreatmentSession, step: ProtocolStep | None) -> bool:
    """Whether the session's message is sent in the place of the other's."""
    if (other.ended_at, other.pk) > (session.ended_at, session.pk):
        return False
    same = step is not None and any(
        each.enabled and each.template_id == step.template_id for each in other.protocol.steps.all()
    )
    return same or other.protocol_id == session.protocol_id


def _order(when: FromWhen) -> tuple[date, str]:
    return when.on, when.at.isoformat() if when.at else ""
