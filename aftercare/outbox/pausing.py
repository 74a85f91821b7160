"""Pausing all messages of a patient, a protocol or a clinic, and letting them go again.

Pausing holds what is scheduled; what is already being sent leaves. Resuming plans anew: what is still within
its window goes, what is not is missed. Pausing what is paused keeps the first reason; each may be done twice.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from aftercare.clinics.models import Clinic, Patient, User
from aftercare.outbox.handling import checked_reason
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.replanning import replan_clinic, replan_patient, replan_protocol
from aftercare.outbox.transitions import move_all
from aftercare.protocols.models import Protocol

Paused = Clinic | Patient | Protocol
LONGEST_REASON = 200


def pause_patient(patient: Patient, *, reason: str, by: User, now: datetime) -> int:
    """Returns how many messages are held. Raises Refused without a reason, as its siblings do."""
    rows = ScheduledMessage.objects.filter(patient=patient)
    return _pause(patient, rows, Why.PATIENT_PAUSED, reason=reason, by=by, now=now)


def pause_protocol(protocol: Protocol, *, reason: str, by: User, now: datetime) -> int:
    rows = ScheduledMessage.objects.filter(session__protocol=protocol)
    return _pause(protocol, rows, Why.PROTOCOL_PAUSED, reason=reason, by=by, now=now)


def pause_clinic(clinic: Clinic, *, reason: str, by: User, now: datetime) -> int:
    rows = ScheduledMessage.objects.filter(clinic=clinic)
    return _pause(clinic, rows, Why.CLINIC_PAUSED, reason=reason, by=by, now=now)


def resume_patient(patient: Patient, *, by: User, now: datetime) -> None:
    _resume(patient, by=by)
    replan_patient(patient, by=by, now=now)


def resume_protocol(protocol: Protocol, *, by: User, now: datetime) -> None:
    _resume(protocol, by=by)
    replan_protocol(protocol, by=by, now=now)


def resume_clinic(clinic: Clinic, *, by: User, now: datetime) -> None:
    _resume(clinic, by=by)
    replan_clinic(clinic, by=by, now=now)


def _pause(
    what: Paused, rows: QuerySet[ScheduledMessage], why: Why, *, reason: str, by: User, now: datetime
) -> int:
    reason = checked_reason(reason, longest=LONGEST_REASON)
    with transaction.atomic():
        if _lock(what).paused_at is None:
            _set(what, now, reason, by)
        # Of a claimed one nothing has left: its worker will find the claim gone.
        waiting = rows.filter(status__in=(Status.SCHEDULED, Status.CLAIMED))
        return move_all(waiting, to=Status.HELD, now=now, why=why, detail=reason, actor=by)


def _resume(what: Paused, *, by: User) -> None:
    with transaction.atomic():
        if _lock(what).paused_at is not None:
            _set(what, None, "", by)


def _lock(what: Paused) -> Paused:
    return type(what).objects.select_for_update(of=("self",)).get(pk=what.pk)


def _set(what: Paused, at: datetime | None, reason: str, by: User) -> None:
    """On a fresh copy, because the history keeps every field as it is in memory, and then on the caller's."""
    stored = type(what).objects.get(pk=what.pk)
    stored.paused_at, stored.paused_reason = at, reason
    stored._history_user = by  # type: ignore[union-attr]
    stored.save(update_fields=["paused_at", "paused_reason"])
    what.paused_at, what.paused_reason = at, reason
