"""Pausing all messages of a patient, a protocol, a clinic or the whole site, and letting them go again.

Pausing a patient, a protocol or a clinic holds what is scheduled; resuming plans anew: what is still within
its window goes, what is not is missed. While the site is paused messages stay scheduled, nothing is claimed,
and windows pass as ever. What is already being sent leaves. What waited beyond its time goes at once or, with
``per_minute``, so many a minute. Pausing what is paused keeps the first reason; resuming what runs changes
nothing.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from aftercare.clinics.models import Clinic, Patient, User
from aftercare.outbox.backlog import held_elsewhere, messages_of, spread_backlog
from aftercare.outbox.handling import checked_reason
from aftercare.outbox.models import ScheduledMessage, SitePause, Status, Why
from aftercare.outbox.replanning import replan_clinic, replan_patient, replan_protocol
from aftercare.outbox.transitions import move_all
from aftercare.protocols.models import Protocol
from aftercare.treatments.models import SessionState

Paused = Clinic | Patient | Protocol
LONGEST_REASON = 200
WHY = {Clinic: Why.CLINIC_PAUSED, Patient: Why.PATIENT_PAUSED, Protocol: Why.PROTOCOL_PAUSED}


def pause_patient(patient: Patient, *, reason: str, by: User, now: datetime) -> int:
    """Returns how many messages are held. Raises Refused without a reason, as its siblings do."""
    return _pause(patient, reason=reason, by=by, now=now)


def pause_protocol(protocol: Protocol, *, reason: str, by: User, now: datetime) -> int:
    return _pause(protocol, reason=reason, by=by, now=now)


def pause_clinic(clinic: Clinic, *, reason: str, by: User, now: datetime) -> int:
    return _pause(clinic, reason=reason, by=by, now=now)


def pause_site(*, reason: str, by: User, now: datetime) -> SitePause:
    """Stops everything for every clinic; returns the pause in force. Raises Refused without a reason."""
    reason = checked_reason(reason, longest=LONGEST_REASON)
    pause = SitePause(paused_at=now, reason=reason, paused_by=by)
    with transaction.atomic():
        SitePause.objects.bulk_create([pause], ignore_conflicts=True)
        # Of a claimed one nothing has left: its worker will find the claim gone.
        claimed = ScheduledMessage.objects.filter(status=Status.CLAIMED)
        move_all(claimed, to=Status.SCHEDULED, now=now)
        return SitePause.objects.get(resumed_at__isnull=True)


def resume_patient(patient: Patient, *, by: User, now: datetime, per_minute: int | None = None) -> int:
    """Returns how many messages go that had waited beyond their time; so do its siblings.

    Raises ValueError for a pace out of bounds.
    """
    return _resume(patient, replan_patient, by=by, now=now, per_minute=per_minute)


def resume_protocol(protocol: Protocol, *, by: User, now: datetime, per_minute: int | None = None) -> int:
    return _resume(protocol, replan_protocol, by=by, now=now, per_minute=per_minute)


def resume_clinic(clinic: Clinic, *, by: User, now: datetime, per_minute: int | None = None) -> int:
    return _resume(clinic, replan_clinic, by=by, now=now, per_minute=per_minute)


def resume_site(*, by: User, now: datetime, per_minute: int | None = None) -> int:
    with transaction.atomic():
        pause = SitePause.objects.select_for_update().filter(resumed_at__isnull=True).first()
        if pause is None:
            return 0
        pause.resumed_at, pause.resumed_by = now, by
        pause.save(update_fields=["resumed_at", "resumed_by"])
        return spread_backlog(messages_of(pause), now=now, per_minute=per_minute)


def _pause(what: Paused, *, reason: str, by: User, now: datetime) -> int:
    reason = checked_reason(reason, longest=LONGEST_REASON)
    with transaction.atomic():
        if _lock(what).paused_at is None:
            _set(what, now, reason, by)
        # Of a claimed one nothing has left: its worker will find the claim gone.
        waiting = messages_of(what).filter(status__in=(Status.SCHEDULED, Status.CLAIMED))
        return move_all(waiting, to=Status.HELD, now=now, why=WHY[type(what)], detail=reason, actor=by)


def _resume(
    what: Paused, replan: Callable[..., int], *, by: User, now: datetime, per_minute: int | None
) -> int:
    """One transaction: else a drain would take what is released before it has its turn."""
    rows = messages_of(what)
    with transaction.atomic():
        if _lock(what).paused_at is None:
            return 0
        _set(what, None, "", by)
        _release(what, by=by, now=now)
        replan(what, by=by, now=now)
        count = spread_backlog(rows, now=now, per_minute=per_minute)
    if rows.filter(status=Status.HELD, why=WHY[type(what)]).exists():
        replan(what, by=by, now=now)  # promised meanwhile by somebody who still saw the pause
    return count


def _release(what: Paused, *, by: User, now: datetime) -> None:
    """All at once what nothing else holds, so that the plan made anew has little left to change."""
    held = messages_of(what).filter(status=Status.HELD, why=WHY[type(what)], latest_at__gte=now)
    free = held.filter(session__state=SessionState.COMPLETED).exclude(held_elsewhere(what))
    move_all(free, to=Status.SCHEDULED, now=now, actor=by)


def _lock(what: Paused) -> Paused:
    """Without its key: whoever stores a row of the clinic meanwhile must not wait, holding what we need."""
    return type(what).objects.select_for_update(of=("self",), no_key=True).get(pk=what.pk)


def _set(what: Paused, at: datetime | None, reason: str, by: User) -> None:
    """On a fresh copy, because the history keeps every field as it is in memory, and then on the caller's."""
    stored = type(what).objects.get(pk=what.pk)
    stored.paused_at, stored.paused_reason = at, reason
    stored._history_user = by  # type: ignore[union-attr]
    stored.save(update_fields=["paused_at", "paused_reason"])
    what.paused_at, what.paused_reason = at, reason
