"""A worse answer arrives while somebody closes the concern, on a database that lets both in."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from aftercare.checkins.concerns import raise_concern
from aftercare.checkins.handling import Closing, finish, said_in
from aftercare.checkins.levels import Level
from aftercare.clinics.duty import Duty
from aftercare.followups.models import FollowUpTask
from tests import factories

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 3, 30, 11, tzinfo=UTC)


def at_level(session, level):
    duty = Duty(zone=session.clinic.time_zone, hours=())
    return raise_concern(session, level=level, limit=timedelta(hours=2), duty=duty, now=NOW)


def somebody_waits(*, seconds=10):
    """Until another connection waits for a lock of this one."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("Nobody waited for the patient.")


def closed(task, read, staff):
    try:
        finish(task=task, closing=Closing(outcome="Called.", read=read, reached="called"), by=staff, now=NOW)
    finally:
        connection.close()


def test_worse_answer_under_way_is_not_closed_with_the_concern():
    session = factories.treatment_session(factories.clinic())
    staff, concern = factories.user(session.clinic), at_level(session, Level.B)
    task = FollowUpTask.objects.get()
    task.claimed_by, task.claimed_at = staff, NOW
    task.save()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            session.patient.save()  # as whoever answers holds the patient
            at_level(session, Level.E)
            closing = pool.submit(closed, task, said_in(concern), staff)
            somebody_waits()
        closing.result(timeout=10)

    concern.refresh_from_db()
    assert (concern.level, concern.closed_at) == (Level.E, None)
    assert FollowUpTask.objects.get(closed_at__isnull=True).source == f"{concern.sources}e"
