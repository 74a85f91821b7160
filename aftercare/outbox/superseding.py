"""Which session's message takes the place of an older one's.

A newer session under the same protocol takes over what the older one has not sent, step by step as the
protocol says. Two sessions on one day of the patient's calendar never send the same leaflet twice: the later
session's message stands for both (see :mod:`aftercare.outbox.merging`), under whatever protocol.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from aftercare.clinics.kept import Blanks, Kept
from aftercare.outbox.concluding import conclude
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.transitions import move
from aftercare.protocols.kinds import PLANNED_KINDS
from aftercare.protocols.models import NewerSession, Protocol, ProtocolStep
from aftercare.protocols.sharing import share_steps
from aftercare.treatments.models import SessionState, TreatmentSession

Course = Sequence[TreatmentSession]
"""A patient's completed sessions in the order in which they ended."""
COMPLETED = Kept(lambda: _completed())


@dataclass(frozen=True)
class Place:
    """Where a session stands in the patient's course: under which protocol, and when."""

    protocol: Protocol
    ended_at: datetime
    zone: ZoneInfo
    session: TreatmentSession | None = None

    @classmethod
    def of(cls, session: TreatmentSession, zone: ZoneInfo) -> Self:
        return cls(session.protocol, session.ended_at, zone, session)

    @property
    def day(self) -> date:
        return self.ended_at.astimezone(self.zone).date()

    def takes_over(self, step: ProtocolStep, older: "Place") -> bool:
        """Whether this, the newer session, has a message that stands for the older session's ``step``."""
        same_day = self.day == older.day
        if self.protocol.pk == older.protocol.pk:
            return same_day or step.newer_session == NewerSession.SUPERSEDE
        return same_day and _has_leaflet(self.protocol, step.template_id)


def course_of(
    patients: Iterable[int], *, clinics: Iterable[int], known: Iterable[Protocol] = ()
) -> dict[int, list[TreatmentSession]]:
    """By patient, their completed sessions in the order in which they ended. ``clinics``: theirs.

    ``known``: protocols with their steps, which are then not read again.
    """
    found = COMPLETED.all(clinics=set(clinics), patients=set(patients))
    share_steps([*known, *(session.protocol for session in found)])
    course: dict[int, list[TreatmentSession]] = defaultdict(list)
    for session in found:
        course[session.patient_id].append(session)
    return course


def _completed() -> QuerySet[TreatmentSession]:
    theirs = TreatmentSession.objects.filter(clinic__in=Blanks("clinics"), patient__in=Blanks("patients"))
    found = theirs.filter(state=SessionState.COMPLETED).order_by("ended_at", "pk")
    return found.select_related("protocol").only("patient", "clinic", "protocol", "ended_at")


def newer_than(ended_at: datetime, pk: int | None, course: Course) -> list[TreatmentSession]:
    """Those of the course that ended later; of two that ended together the one recorded later."""
    mine = (ended_at, pk if pk is not None else float("inf"))
    return [session for session in course if session.pk != pk and (session.ended_at, session.pk) > mine]


def taken_over_by(step: ProtocolStep, older: Place, newer: Course) -> TreatmentSession | None:
    """The newest of the newer sessions that stands for the older one's step; None if none does."""
    for session in reversed(newer):
        if Place.of(session, older.zone).takes_over(step, older):
            return session
    return None


def same_day(session: TreatmentSession, zone: ZoneInfo, course: Course) -> list[int]:
    """The ids of the other completed sessions that ended on the same day of the patient's calendar."""
    day = session.ended_at.astimezone(zone).date()
    others = (other for other in course if other.pk != session.pk)
    return [other.pk for other in others if other.ended_at.astimezone(zone).date() == day]


def overtaken(message: ScheduledMessage) -> TreatmentSession | None:
    """The newer session that has taken over a message tried before, while it was being sent.

    A first try needs no such question, and asks no query: planning supersedes what is promised or claimed.
    Nothing takes over what is in no plan: a reminder, a message to a lot.
    """
    if not message.attempt_count or message.step.kind not in PLANNED_KINDS:
        return None
    session, zone = message.session, message.patient.zone
    course = course_of([message.patient_id], clinics=[message.clinic_id])[message.patient_id]
    newer = newer_than(session.ended_at, session.pk, course)
    return taken_over_by(message.step, Place.of(session, zone), newer)


def supersede_claimed(message: ScheduledMessage, newer: TreatmentSession, *, now: datetime) -> bool:
    """Ends a claimed message that a newer session has taken over; of one in doubt staff are asked."""
    given: dict[str, Any] = {"frm": Status.CLAIMED, "token": message.claim_token, "now": now}
    given["why"] = Why.NEWER_SESSION
    if message.in_doubt:
        return conclude(message, to=Status.UNCONFIRMED, **given)
    return move(message.pk, to=Status.SUPERSEDED, superseded_by=newer, **given)


def _has_leaflet(protocol: Protocol, template_id: int) -> bool:
    return any(step.enabled and step.template_id == template_id for step in protocol.steps.all())
