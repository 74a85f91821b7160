"""What completing a session asks the database, and what it hands back without asking."""

from datetime import timedelta

import pytest

from aftercare.followups.models import FollowUpTask
from aftercare.outbox.models import ScheduledMessage
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.factories import ELAPSED
from tests.outbox.sessions import NOW, complete, draft, move

pytestmark = pytest.mark.django_db
STATEMENTS = 14
"""With the two of a transaction inside the test's own."""


def fields_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.fixture
def clinic():
    return factories.clinic()


def steps(count):
    return tuple({**ELAPSED, "number": n, "slug": f"step-{n}"} for n in range(count))


@pytest.mark.parametrize(("count", "patients"), [(1, 0), (7, 0), (7, 5)])
def test_completing_takes_as_many_statements_whatever_is_planned_and_stored(
    clinic, count, patients, django_assert_num_queries
):
    protocol = factories.protocol(clinic, steps=steps(count))
    for _again in range(patients):
        complete(draft(clinic, protocol=protocol))
    session = draft(clinic, protocol=protocol)

    with django_assert_num_queries(STATEMENTS):
        messages = complete(session)

    assert len(messages) == count


def test_completed_session_is_as_it_is_stored(clinic):
    session = draft(clinic)
    TreatmentSession.objects.filter(pk=session.pk).update(notes="written meanwhile")
    assert session.patient.first_name
    type(session.patient).objects.update(first_name="Renamed")

    complete(session)

    assert fields_of(session) == fields_of(TreatmentSession.objects.get())
    assert (session.notes, session.patient.first_name) == ("written meanwhile", "Renamed")


def test_messages_come_back_as_they_are_stored_in_the_order_they_go(clinic):
    found = complete(draft(clinic))

    stored = ScheduledMessage.objects.order_by("send_at")
    assert [fields_of(row) for row in found] == [fields_of(row) for row in stored]


def test_historical_session_hides_nothing_of_the_patients_other_sessions(clinic):
    old = draft(clinic)
    complete(old)
    move(old, ended_at=NOW - timedelta(days=2))
    newer = draft(clinic, patient=old.patient, protocol=old.protocol, ended_at=NOW - timedelta(days=3))

    complete(newer, historical=True)

    assert [task.source for task in FollowUpTask.objects.all()] == [f"session:{old.pk}:late_entry"]
