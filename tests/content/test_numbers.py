"""Which of a clinic's contacts become links that dial."""

import pytest

from aftercare.clinics.models import Clinic
from aftercare.content.filters import is_number
from aftercare.content.publishing import brand_of


@pytest.mark.parametrize("contact", ["999", "020 7946 0199", "+44 (0)20 7946-0199", " 112 "])
def test_number_is_known(contact):
    assert is_number(contact)


@pytest.mark.parametrize("contact", ["", "Ward 4", "020 7946 0199 (nights)", "NHS 111"])
def test_words_are_no_number(contact):
    assert not is_number(contact)


def test_brand_names_the_contacts_that_can_be_dialled():
    contacts = {"phone": "020 7946 0100", "out_of_hours_contact": "NHS 111", "emergency_number": "999"}

    brand = brand_of(Clinic(name="Harbour", colour="#0f766e", **contacts))

    assert brand.numbers == ("clinic.phone", "clinic.emergency_number")
