"""Holding a patient's routine messages while an answer of theirs needs a human; safety messages go on."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from aftercare.clinics.history import keep_one
from aftercare.clinics.kept import Blank, Kept
from aftercare.clinics.models import Patient, User
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.replanning import replan_patient
from aftercare.outbox.transitions import move_all

LOCKED = Kept(lambda: Patient.objects.filter(pk=Blank("pk")).select_for_update(of=("self",), no_key=True))
WAITING = Kept(lambda: _waiting(Blank("patient")).values_list("pk"))


def hold_routine(patient: Patient, *, now: datetime) -> int:
    """Returns how many messages are held now. Holding again changes nothing.

    ``patient``: as read when it was locked, in the caller's transaction.
    """
    with transaction.atomic(savepoint=False):
        _set(patient, now, by=None, now=now)
        if not WAITING.all(patient=patient.pk):  # none is promised meanwhile: the patient is locked
            return 0
        return move_all(_waiting(patient.pk), to=Status.HELD, now=now, why=Why.OPEN_CONCERN)


def release_routine(patient: Patient, *, by: User | None, now: datetime) -> None:
    """Lets go what is still within its window, each at its time; what is not is missed. Twice is once."""
    with transaction.atomic():
        stored = lock_patient(patient.pk)
        if stored.concern_at is None:
            return
        _set(stored, None, by=by, now=now)
        patient.concern_at = None
        replan_patient(patient, by=by, now=now)
    if ScheduledMessage.objects.filter(patient=patient, status=Status.HELD, why=Why.OPEN_CONCERN).exists():
        replan_patient(patient, by=by, now=now)  # promised meanwhile by somebody who still saw the concern


def lock_patient(pk: int) -> Patient:
    """The patient as it stands, kept so from others until the transaction's end."""
    locked = LOCKED.first(pk=pk)
    if locked is None:
        raise Patient.DoesNotExist
    return locked


def _waiting(patient: Any) -> QuerySet[ScheduledMessage]:
    return ScheduledMessage.objects.filter(
        patient=patient, safety_critical=False, status__in=(Status.SCHEDULED, Status.CLAIMED)
    )


def _set(locked: Patient, at: datetime | None, *, by: User | None, now: datetime) -> None:
    """Keeps the time of the first concern while there are several."""
    if (locked.concern_at is None) != (at is None):
        locked.concern_at = at
        Patient.objects.of_every_clinic().filter(pk=locked.pk).update(concern_at=at)
        keep_one(locked, by=by, now=now)
