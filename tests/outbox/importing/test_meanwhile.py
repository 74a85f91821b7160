"""What changes between the reading of a file and its storing counts as it is when the rows are stored."""

from datetime import timedelta

import pytest

from aftercare.clinics.models import Clinic, Patient
from aftercare.outbox.importing import sessions, writing
from aftercare.protocols.models import Protocol, ProtocolStep
from aftercare.treatments.models import TreatmentSession
from tests.factories import ENDED_AT
from tests.outbox.importing.files import take_in
from tests.outbox.sessions import rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def meanwhile(monkeypatch):
    """Lets something happen after a file was read and before it is stored."""

    def happens(change):
        def write(*given, **named):
            change()
            return writing.write(*given, **named)

        monkeypatch.setattr(sessions, "write", write)

    return happens


def test_step_disabled_while_a_file_is_checked_is_not_planned(clinic, meanwhile):
    meanwhile(lambda: ProtocolStep.every.filter(slug="day-1").update(enabled=False))
    take_in(clinic, {})

    assert set(rows_of(TreatmentSession.objects.get())) == {"first-night"}


@pytest.mark.parametrize(
    ("before", "after", "status"), [(None, ENDED_AT, "held"), (ENDED_AT, None, "scheduled")]
)
@pytest.mark.parametrize("model", [Clinic, Patient, Protocol])
def test_pause_that_begins_or_ends_while_a_file_is_checked_counts(
    clinic, meanwhile, model, before, after, status
):
    take_in(clinic, {})
    model.objects.update(paused_at=before)
    meanwhile(lambda: model.objects.update(paused_at=after))

    take_in(clinic, {"external_id": "S-2", "ended_at": "2026-03-29T15:30"}, now=ENDED_AT + timedelta(days=1))

    assert {row.status for row in rows_of(TreatmentSession.objects.get(external_id="S-2")).values()} == {
        status
    }
