"""Several treatments of one day, told in one message: all areas, and of each restriction the strictest.

The later session's message stands for an earlier one's with the same leaflet. Whatever a message is about,
its dates are the latest of all treatments of the day, so that no two messages contradict each other.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from aftercare.protocols.bounds import hours_of
from aftercare.protocols.models import ProtocolStep
from aftercare.timing import FromWhen, advice_instant
from aftercare.treatments.depth import DepthBand, band_of
from aftercare.treatments.models import SessionState, TreatmentSession


@dataclass(frozen=True)
class Day:
    """A session with the others of its day. ``told``: those the message tells of, itself last."""

    session: TreatmentSession
    others: Sequence[TreatmentSession] = ()
    told: Sequence[TreatmentSession] = ()

    def strictest(self, topics: Iterable[str]) -> dict[str, FromWhen | None]:
        """By topic, from when the patient may do it again after all treatments of the day; None: no rule."""
        waits = [waits_of(each) for each in (self.session, *self.others)]
        instant = cache(self._instant)  # several topics wait equally long
        return {topic: _latest(waits, topic, instant) for topic in topics}

    def _instant(self, number: int, hours: int) -> FromWhen:
        """So many hours after the session itself (0) or one of the others."""
        session = (self.session, *self.others)[number]
        return advice_instant(session.ended_at, hours, session.patient.zone)


def day_of(session: TreatmentSession, step: ProtocolStep | None = None) -> Day:
    """The treatments of the session's day; asks no query for a session that is alone on its day."""
    if not session.same_day:
        return Day(session, told=(session,))
    found = TreatmentSession.objects.filter(
        pk__in=session.same_day, patient=session.patient_id, state=SessionState.COMPLETED
    )
    loaded = found.select_related("protocol", "patient__clinic").order_by("ended_at", "pk")
    others = list(loaded.prefetch_related("areas", "products", "protocol__restrictions", "protocol__steps"))
    return Day(session, others, (*(each for each in others if _stands_for(session, each, step)), session))


def waits_of(session: TreatmentSession) -> dict[str, int | None]:
    """By topic, the hours set for this session, else the protocol's for its depth; None: no rule."""
    light = band_of(area.depth_mm for area in session.areas.all()) is DepthBand.LIGHT
    rules = session.protocol.restrictions.all()
    return {rule.topic: hours_of(rule, light=light) for rule in rules} | session.waits


def _latest(
    waits: Sequence[dict[str, int | None]], topic: str, instant: Callable[[int, int], FromWhen]
) -> FromWhen | None:
    found = [
        instant(number, hours)
        for number, of_session in enumerate(waits)
        if (hours := of_session.get(topic)) is not None
    ]
    return max(found, key=_order, default=None)


def _stands_for(session: TreatmentSession, other: TreatmentSession, step: ProtocolStep | None) -> bool:
    """Whether the session's message is sent in the place of the other's."""
    if (other.ended_at, other.pk) > (session.ended_at, session.pk):
        return False
    same = step is not None and any(
        each.enabled and each.template_id == step.template_id for each in other.protocol.steps.all()
    )
    return same or other.protocol_id == session.protocol_id


def _order(when: FromWhen) -> tuple[object, object]:
    return when.on, when.at.isoformat() if when.at else ""
