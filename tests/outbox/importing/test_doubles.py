"""The same treatment under another id is listed as a likely double and promises nothing again."""

import pytest

from aftercare.outbox.models import ScheduledMessage
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.outbox.importing.files import said, take_in

pytestmark = pytest.mark.django_db

AGAIN = {"external_id": "S-2"}


@pytest.mark.parametrize(
    "again",
    [
        AGAIN,
        {**AGAIN, "areas": "hands:0.3"},
        {**AGAIN, "ended_at": "2026-03-28T14:45"},
    ],
    ids=["the same row", "the same end", "the same day and areas"],
)
def test_treatment_stored_under_another_id_is_listed_and_left_out(clinic, again):
    take_in(clinic, {})
    messages = ScheduledMessage.objects.count()

    report = take_in(clinic, again)

    assert (report.sessions, said(report.doubles)) == (0, [(2, "external_id")])
    assert "stored under the id “S-1”" in report.doubles[0].text
    assert (TreatmentSession.objects.count(), ScheduledMessage.objects.count()) == (1, messages)


def test_double_within_a_file_names_the_line(clinic):
    report = take_in(clinic, {}, AGAIN)

    assert (report.sessions, "on line 2" in report.doubles[0].text) == (1, True)


@pytest.mark.parametrize(
    "other",
    [
        {"ended_at": "2026-03-27T15:00"},
        {"ended_at": "2026-03-28T14:00", "areas": "hands:0.3"},
        {"patient_external_id": "P-2", "email": "noor@example.com", "last_name": "Haddad"},
    ],
    ids=["another day", "another time and area", "another patient"],
)
def test_another_treatment_is_no_double(clinic, other):
    take_in(clinic, {})

    report = take_in(clinic, {**AGAIN, **other})

    assert (report.sessions, report.doubles) == (1, [])


def test_double_is_stored_when_staff_say_that_it_is_another_treatment(clinic):
    take_in(clinic, {})

    assert take_in(clinic, AGAIN, take_doubles=True).sessions == 1


def test_all_or_nothing_counts_a_double_as_bad(clinic):
    report = take_in(clinic, {}, AGAIN, all_or_nothing=True)

    assert (report.stored, TreatmentSession.objects.count()) == (False, 0)


def test_patient_whose_address_has_capitals_outside_ascii_is_found(clinic):
    """SQLite's LOWER() leaves them as they are."""
    stored = factories.patient(clinic, first_name="Ædda", last_name="Østby", email="ØSTBY@example.com")

    take_in(
        clinic,
        {"patient_external_id": "", "first_name": "ÆDDA", "last_name": "ØSTBY", "email": "østby@example.com"},
    )

    assert TreatmentSession.objects.get().patient == stored
