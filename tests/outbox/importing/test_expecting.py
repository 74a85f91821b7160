"""What the preview says of messages is what storing does to them."""

from datetime import timedelta

import pytest

from aftercare.outbox.forecasting import undo_time
from aftercare.outbox.importing.expecting import expect
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.planning import complete_session
from tests import factories
from tests.factories import ENDED_AT
from tests.outbox.importing.files import take_in

pytestmark = pytest.mark.django_db
NOW = ENDED_AT + timedelta(hours=1, minutes=30)  # the first message of a session that ended at 15:00 is due
OTHER = {"patient_external_id": "P-2", "last_name": "Haddad", "email": "noor@example.com"}
THIRD = {"patient_external_id": "P-3", "last_name": "Ito", "email": "ito@example.com"}
ROWS = [
    {},  # due now, and tomorrow
    {"external_id": "S-2", "ended_at": "2026-03-28T12:00", "areas": "hands:0.5"},  # the one above takes over
    {**OTHER, "external_id": "S-3", "ended_at": "2025-11-03T15:00"},  # long ago
    {**THIRD, "external_id": "S-4", "email_consent_version": "", "email_consent_at": ""},  # held
]


@pytest.fixture
def stored(clinic):
    """A patient of the file with an earlier session, whose messages wait."""
    patient = factories.patient(
        clinic, first_name="Amara", last_name="Lindqvist", email="amara@example.com", external_id="P-1"
    )
    protocol = clinic.protocols.get()
    earlier = {"patient": patient, "protocol": protocol, "ended_at": ENDED_AT - timedelta(hours=5)}
    session = factories.treatment_session(clinic, **earlier)
    complete_session(session, by=None, now=ENDED_AT - timedelta(hours=4, minutes=30))
    return session


def expected(clinic, *rows):
    report = take_in(clinic, *rows, now=NOW, dry_run=True)
    return expect(report.new, clinic=clinic, now=NOW)


def test_nothing_of_the_preview_is_stored(clinic, stored):
    before = ScheduledMessage.objects.count()

    expected(clinic, *ROWS)

    assert ScheduledMessage.objects.count() == before


def test_every_count_is_what_storing_does(clinic, stored):
    waiting = set(ScheduledMessage.objects.filter(status=Status.SCHEDULED).values_list("pk", flat=True))
    said = expected(clinic, *ROWS)

    take_in(clinic, *ROWS, now=NOW)

    def count(**of):
        return ScheduledMessage.objects.exclude(session=stored).filter(**of).count()

    leaves = NOW + undo_time(clinic)
    taken = ScheduledMessage.objects.filter(pk__in=waiting, status=Status.SUPERSEDED).count()
    assert (said.at_once, said.later) == (
        count(status=Status.SCHEDULED, due_at__lte=leaves),
        count(status=Status.SCHEDULED, due_at__gt=leaves),
    )
    assert (said.held, said.missed) == (count(status=Status.HELD), count(status=Status.MISSED))
    assert said.superseded == count(status=Status.SUPERSEDED) + taken
    assert all((said.at_once, said.later, said.held, said.missed, taken))


def test_questions_do_not_grow_with_the_rows(clinic, django_assert_max_num_queries):
    rows = [
        {**OTHER, "external_id": f"S-{n}", "patient_external_id": f"P-{n}", "email": f"n{n}@example.com"}
        for n in range(10, 50)
    ]
    new = take_in(clinic, *rows, now=NOW, dry_run=True).new

    with django_assert_max_num_queries(6):
        expect(new, clinic=clinic, now=NOW)
