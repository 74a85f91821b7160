"""Storing matched rows: patients, completed sessions and their messages, a chunk in a transaction.

Nothing leaves before the undo time is over, so that a later chunk supersedes what an earlier one promised.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from aftercare.clinics.models import Clinic, Patient, User
from aftercare.outbox.importing.matching import Matched
from aftercare.outbox.importing.parsing import ParsedRow
from aftercare.outbox.importing.slicing import CHUNK, in_chunks
from aftercare.outbox.importing.telling import Told, tell_of_missed
from aftercare.outbox.locking import lock_patients
from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.promising import for_planning, promise
from aftercare.outbox.revising import UNSENT
from aftercare.protocols.models import Protocol
from aftercare.treatments.models import ProductApplied, SessionState, TreatedArea, TreatmentSession


def write(matched: Matched, *, by: User | None, now: datetime, at_once: bool) -> Told:
    """Stores the new rows: all in one transaction with ``at_once``, else chunk by chunk in the file's order.

    Returns of how many sessions staff are told, and of how many not any more.
    Chunks let the engine work meanwhile. One that fails leaves those before it, and the file can be given
    again.
    """
    if at_once:
        with transaction.atomic():
            return _write_all(matched, by, now)
    return _write_all(matched, by, now)


def _write_all(matched: Matched, by: User | None, now: datetime) -> Told:
    found = []
    for patients in in_chunks(matched.adopted):
        bulk_update_with_history(patients, Patient, ["external_id"], default_user=by, default_date=now)
    for rows in in_chunks(matched.new):
        with transaction.atomic():
            found.append(_write_chunk(rows, by, now))
    return Told(sum(one.near for one in found), sum(one.past for one in found))


def _write_chunk(rows: Sequence[ParsedRow], by: User | None, now: datetime) -> Told:
    lock_patients(row.patient.pk for row in rows if row.patient.pk is not None)
    _read_anew(rows)
    new = {id(row.patient): row.patient for row in rows if row.patient.pk is None}
    bulk_create_with_history(list(new.values()), Patient, CHUNK, default_user=by, default_date=now)
    sessions = [row.session for row in rows]
    for session in sessions:
        session.state, session.completed_at, session.created_by = SessionState.COMPLETED, now, by
    bulk_create_with_history(sessions, TreatmentSession, CHUNK, default_user=by, default_date=now)
    for model, parts in (
        (TreatedArea, [area for row in rows for area in row.areas]),
        (ProductApplied, [product for row in rows for product in row.products]),
    ):
        if parts:
            bulk_create_with_history(parts, model, CHUNK, default_user=by, default_date=now)
    promise(sessions, completing={session.pk for session in sessions}, by=by, now=now, tell_staff=False)
    promise(_running(sessions), by=by, now=now)
    return tell_of_missed(sessions, now=now)


def _read_anew(rows: Sequence[ParsedRow]) -> None:
    """Gives the rows their clinic, protocols and stored patients as they are now: paused, moved or disabled
    may be what was read with the file, or with a chunk before."""
    clinic = Clinic.objects.get(pk=rows[0].session.clinic_id)
    protocols = Protocol.objects.in_bulk({row.session.protocol_id for row in rows})
    patients = Patient.objects.in_bulk({row.patient.pk for row in rows if row.patient.pk is not None})
    for row in rows:
        row.take(patients.get(row.patient.pk, row.patient))
        row.session.protocol = protocols[row.session.protocol_id]
        row.session.clinic = row.patient.clinic = row.session.protocol.clinic = clinic


def _running(sessions: Sequence[TreatmentSession]) -> list[TreatmentSession]:
    """Other sessions of these patients that still have something to send, which a new one may supersede."""
    ids = {session.pk for session in sessions}
    promised = ScheduledMessage.objects.filter(
        Q(status__in=UNSENT), patient__in={session.patient_id for session in sessions}
    )
    others = set(promised.values_list("session_id", flat=True)) - ids
    found = TreatmentSession.objects.filter(pk__in=others, state=SessionState.COMPLETED)
    return list(for_planning(found).select_for_update(of=("self",)))
