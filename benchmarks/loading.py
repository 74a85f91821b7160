"""Millions of scheduled rows, fast: copied inside PostgreSQL from one row that the models themselves wrote.

Each column that is not named keeps the copied row's value, so that a new column needs no change here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from datetime import timedelta
from typing import Any

from django.db import connection, models

from aftercare.clinics.models import Clinic, Patient, Practitioner
from aftercare.outbox.clock import database_now
from aftercare.outbox.models import ScheduledMessage
from aftercare.protocols.models import Protocol, ProtocolStep
from aftercare.treatments.models import SessionState, TreatmentSession
from benchmarks.servers import Servers
from benchmarks.site import Place
from tests import factories

CLINICS = 300
PATIENTS_A_CLINIC = 20
LOADING = ("shared_buffers = '1GB'", "maintenance_work_mem = '1GB'", "max_wal_size = '16GB'")
"""PostgreSQL's own defaults are made for the smallest machines."""

NEXT_ID = "nextval(pg_get_serial_sequence('treatments_treatmentsession', 'id'))"
DRAWN_PATIENTS = """(
    SELECT row_number() OVER () AS number, patient.id AS patient_id, patient.clinic_id,
        protocol.id AS protocol_id, staff.id AS practitioner_id
    FROM clinics_patient AS patient
    JOIN protocols_protocol AS protocol ON protocol.clinic_id = patient.clinic_id
    JOIN clinics_practitioner AS staff ON staff.clinic_id = patient.clinic_id
) AS drawn
JOIN generate_series(1, {sessions}) AS series
    ON drawn.number = 1 + series %% (SELECT count(*) FROM clinics_patient)
"""
STEPS_OF_NEW_SESSIONS = """(
    SELECT session.*,
        now() + interval '1 day' + interval '40 days' * percent_rank() OVER (ORDER BY id) AS begins
    FROM treatments_treatmentsession AS session WHERE session.id > {newest} OFFSET 0
) AS session
JOIN protocols_protocolstep AS step ON step.protocol_id = session.protocol_id
"""
"""Sessions are recorded as they happen, so that what is due in an hour was written in a few."""
SEND_AT = "session.begins + step.number * interval '2 days'"


def enlarge(servers: Servers) -> None:
    """Gives PostgreSQL the memory that millions of rows need, and starts it anew."""
    with connection.cursor() as cursor:
        for setting in LOADING:
            cursor.execute(f"ALTER SYSTEM SET {setting}")
    connection.close()
    servers.postgres.restart()


def make_clinics(model: Place) -> None:
    """Clinics with patients, a practitioner and a protocol like the model's; its texts stand for all."""
    clinics = Clinic.objects.bulk_create(
        copy_of(model.clinic, slug=f"clinic-{number}") for number in range(CLINICS)
    )
    Practitioner.objects.bulk_create(copy_of(model.practitioner, clinic=clinic) for clinic in clinics)
    somebody = factories.patient(model.clinic)
    Patient.objects.bulk_create(
        copy_of(somebody, clinic=clinic, email=f"amara.{clinic.pk}.{number}@example.com")
        for clinic in clinics
        for number in range(PATIENTS_A_CLINIC)
    )
    protocols = Protocol.objects.bulk_create(copy_of(model.protocol, clinic=clinic) for clinic in clinics)
    steps = list(model.protocol.steps.all())
    ProtocolStep.objects.bulk_create(
        copy_of(step, protocol=protocol) for protocol in protocols for step in steps
    )


def copy_of(row: Any, **fields: Any) -> Any:
    """An unsaved row like it, but for ``fields``."""
    copied = copy(row)
    copied.pk, copied._state.adding = None, True
    for name, value in fields.items():
        setattr(copied, name, value)
    return copied


def fill(place: Place, rows: int) -> None:
    """Adds sessions of seven messages each until there are ``rows`` scheduled, none due within a day."""
    sessions = (rows - ScheduledMessage.objects.count()) // place.protocol.steps.count()
    newest = max(TreatmentSession.objects.values_list("pk", flat=True), default=0)
    with connection.cursor() as cursor, _fast(cursor):
        session, message = _models_to_copy(place)
        _copy(
            TreatmentSession,
            session.pk,
            DRAWN_PATIENTS.format(sessions=sessions),
            id=NEXT_ID,
            clinic_id="drawn.clinic_id",
            patient_id="drawn.patient_id",
            protocol_id="drawn.protocol_id",
            practitioner_id="drawn.practitioner_id",
        )
        _copy(
            ScheduledMessage,
            message.pk,
            STEPS_OF_NEW_SESSIONS.format(newest=max(newest, session.pk)),
            id="gen_random_uuid()",
            clinic_id="session.clinic_id",
            patient_id="session.patient_id",
            session_id="session.id",
            step_id="step.id",
            safety_critical="step.safety_critical",
            planned_at=SEND_AT,
            send_at=SEND_AT,
            due_at=SEND_AT,
            latest_at=f"{SEND_AT} + interval '9 hours'",
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")  # else writing the rows to the disk goes on beside what is measured


def _models_to_copy(place: Place) -> tuple[TreatmentSession, ScheduledMessage]:
    """A completed session and one of its messages, due far from now."""
    now = database_now()
    completed = {"state": SessionState.COMPLETED, "completed_at": now}
    session = factories.treatment_session(
        place.clinic, practitioner=place.practitioner, protocol=place.protocol, ended_at=now, **completed
    )
    return session, factories.message(session, place.step, send_at=now + timedelta(days=30))


def _copy(model: type[models.Model], pk: Any, source: str, **columns: str) -> None:
    """A row for each row of ``source`` (SQL), as the row ``pk`` but for ``columns`` (SQL expressions)."""
    table = model._meta.db_table
    names = [str(field.column) for field in model._meta.concrete_fields]
    values = ", ".join(columns.get(name, f"copied.{name}") for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {source} "
            f"CROSS JOIN (SELECT * FROM {table} WHERE id = %s) AS copied",
            [pk],
        )


@contextmanager
def _fast(cursor: Any) -> Iterator[None]:
    """Without checks of foreign keys, and with the message's indexes made afterwards, all at once."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'outbox_scheduledmessage' "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    cursor.execute("SET session_replication_role = replica")
    yield
    cursor.execute("SET session_replication_role = DEFAULT")
    for _name, definition in indexes:
        cursor.execute(definition)
