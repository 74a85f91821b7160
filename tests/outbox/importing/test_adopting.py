"""Who gets an id from a file: only the person its row is about, and only where the row counts."""

import pytest

from aftercare.clinics.models import Patient
from aftercare.outbox.importing.patients import import_patients
from tests import factories
from tests.factories import ENDED_AT
from tests.outbox.importing.files import take_in

pytestmark = pytest.mark.django_db
NOOR = {
    "external_id": "S-2",
    "patient_external_id": "P-2",
    "last_name": "Haddad",
    "email": "noor@example.com",
}


@pytest.fixture
def stored(clinic):
    return factories.patient(
        clinic,
        first_name="Amara",
        last_name="Lindqvist",
        email="amara@example.com",
        birth_date=ENDED_AT.date().replace(year=1990),
    )


def id_of(patient):
    patient.refresh_from_db()
    return patient.external_id


def test_row_of_another_person_leaves_the_stored_patient_without_its_id(clinic, stored):
    report = take_in(clinic, {"birth_date": "1960-03-28", "patient_external_id": "P-77"}, NOOR)

    assert (len(report.problems), report.sessions) == (1, 1)
    assert (id_of(stored), stored.history.count()) == ("", 1)


def test_id_refused_for_one_person_is_that_of_the_next_row_with_it(clinic, stored):
    other = {
        "external_id": "S-3",
        "first_name": "Bea",
        "email": "bea@example.com",
        "birth_date": "1960-03-28",
    }

    take_in(clinic, {"birth_date": "1960-03-28"}, other)

    assert Patient.objects.get(external_id="P-1").first_name == "Bea"


def test_row_left_out_as_a_double_gives_no_id(clinic, stored):
    take_in(clinic, {"patient_external_id": ""})

    report = take_in(clinic, {"external_id": "S-9", "patient_external_id": "P-77"})

    assert (len(report.doubles), id_of(stored)) == (1, "")


def test_row_left_out_as_a_double_gives_no_id_to_the_files_own_patient(clinic):
    take_in(clinic, {"patient_external_id": ""}, {"external_id": "S-9", "patient_external_id": "P-77"})

    assert Patient.objects.get().external_id == ""


def test_session_stored_otherwise_gives_no_id(clinic, stored):
    take_in(clinic, {"patient_external_id": ""})

    report = take_in(clinic, {"patient_external_id": "P-77", "areas": "hands:0.5"})

    assert (len(report.conflicts), id_of(stored)) == (1, "")


def test_session_stored_the_same_gives_its_patient_the_id(clinic, stored):
    take_in(clinic, {"patient_external_id": ""})

    take_in(clinic, {"patient_external_id": "P-77"})

    assert id_of(stored) == "P-77"


def test_list_of_patients_gives_no_id_to_another_person(clinic, stored):
    header = b"patient_external_id,first_name,last_name,email,birth_date"
    row = b"P-77,Amara,Lindqvist,amara@example.com,1960-03-28"

    report = import_patients(header + b"\n" + row, clinic=clinic, by=None, now=ENDED_AT)

    assert (len(report.problems), id_of(stored)) == (1, "")
