"""Replanning many sessions after a change to what they share: a patient, a protocol or a clinic."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from aftercare.clinics.models import Clinic, Patient, User
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.promising import for_planning, promise
from aftercare.protocols.models import Protocol, ProtocolStep
from aftercare.treatments.models import SessionState, TreatmentSession

CHUNK = 200
_MARGIN = timedelta(days=2)  # zones, and windows that end late in the day


def replan_patient(patient: Patient, *, by: User | None, now: datetime) -> int:
    """After a change of the patient's zone, consent or pause. Returns how many sessions were looked at."""
    return _replan(
        Q(patient=patient), ProtocolStep.objects.filter(protocol__clinic=patient.clinic_id), by, now
    )


def replan_protocol(protocol: Protocol, *, by: User | None, now: datetime) -> int:
    """After a change of the protocol's steps or pause. Returns how many sessions were looked at."""
    return _replan(Q(protocol=protocol), protocol.steps.all(), by, now)


def replan_clinic(clinic: Clinic, *, by: User | None, now: datetime) -> int:
    """After a change of the clinic's zone, quiet hours or pause. Returns how many sessions were looked at."""
    return _replan(Q(clinic=clinic), ProtocolStep.objects.filter(protocol__clinic=clinic), by, now)


def _replan(which: Q, steps: Iterable[ProtocolStep], by: User | None, now: datetime) -> int:
    """Chunk by chunk, each in a transaction of its own, so that nobody waits long for a lock."""
    ids = may_still_change(which, steps, now=now)
    for start in range(0, len(ids), CHUNK):
        with transaction.atomic():
            chunk = TreatmentSession.objects.filter(pk__in=ids[start : start + CHUNK])
            locked = for_planning(chunk.filter(state=SessionState.COMPLETED)).select_for_update(of=("self",))
            promise(list(locked), by=by, now=now)
    return len(ids)


def may_still_change(which: Q, steps: Iterable[ProtocolStep], *, now: datetime) -> list[int]:
    """Completed sessions that have something promised, or could still have."""
    promised = ScheduledMessage.objects.filter(
        session=OuterRef("pk"), status__in=(Status.SCHEDULED, Status.CLAIMED, Status.HELD)
    )
    recent = Q(ended_at__gte=now - _longest(steps) - _MARGIN)
    completed = TreatmentSession.objects.filter(which, state=SessionState.COMPLETED)
    return list(completed.filter(recent | Exists(promised)).order_by("pk").values_list("pk", flat=True))


def _longest(steps: Iterable[ProtocolStep]) -> timedelta:
    """The longest time after a treatment at which one of the steps may still be sent."""
    ends = [timedelta(days=step.latest_day or 0, minutes=step.latest_minutes or 0) for step in steps]
    return max(ends, default=timedelta())
