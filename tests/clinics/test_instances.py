"""Instances of values just read behave as those that Django makes."""

import pytest

from aftercare.clinics.instances import instance, new, refer
from aftercare.clinics.models import Clinic, Patient
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient():
    return factories.patient(factories.clinic(), first_name="Amara")


def test_column_that_was_not_read_is_read_when_asked_for(patient, django_assert_num_queries):
    made = instance(Patient, ("id", "clinic_id"), (patient.pk, patient.clinic_id))

    with django_assert_num_queries(1):
        assert made.first_name == "Amara"


def test_instance_is_one_that_is_stored(patient):
    made = instance(Patient, ("id", "first_name"), (patient.pk, "Zoë"))
    made.save(update_fields=["first_name"])

    assert made == patient
    assert Patient.objects.get().first_name == "Zoë"


def test_values_of_one_row_may_make_several_instances():
    values = iter((1, "Amara", 2, "Zoë"))

    made = [instance(Patient, ("id", "first_name"), values) for _ in range(2)]

    assert [(each.pk, each.first_name) for each in made] == [(1, "Amara"), (2, "Zoë")]


def test_reference_answers_without_a_query(patient, django_assert_num_queries):
    made = instance(Patient, ("id", "clinic_id"), (patient.pk, patient.clinic_id))
    refer(made, clinic=patient.clinic)

    with django_assert_num_queries(0):
        assert made.clinic is patient.clinic


def test_new_instance_has_the_defaults_and_is_stored_as_any_other():
    made = new(Clinic, name="Harbour Skin Clinic", slug="harbour")
    usual = Clinic(name="Harbour Skin Clinic", slug="harbour")

    assert vars(made) | {"_state": None} == vars(usual) | {"_state": None}
    made.save(force_insert=True)
    assert Clinic.objects.get() == made
