import pytest
from django.core.exceptions import ValidationError

from aftercare.clinics.addresses import comparable, validate_line
from tests import factories


@pytest.mark.parametrize(
    "value", ["Zoë O’Brien-Núñez", "明日香", "Clínica Puerto, S.L.", "+44 20 7946 0100 (day)"]
)
def test_line_of_any_alphabet_is_taken(value):
    assert validate_line(value) is None


@pytest.mark.parametrize(
    "value", ["X\r\nBcc: a@example.com", "a\x1cb", "a\u2028b", "a\u202eb", "\u200b", "a\x00b"]
)
def test_line_with_breaks_or_hidden_characters_is_refused(value):
    with pytest.raises(ValidationError, match="in one line"):
        validate_line(value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "field", ["name", "sender_name", "phone", "out_of_hours_contact", "emergency_number"]
)
def test_clinic_refuses_a_line_break_in_what_its_mails_say(field):
    clinic = factories.clinic()
    setattr(clinic, field, "1\r\n2")

    with pytest.raises(ValidationError) as refused:
        clinic.full_clean()

    assert list(refused.value.message_dict) == [field]


@pytest.mark.parametrize(
    ("one", "other"),
    [(" Anna@Example.com", "anna@example.com"), ("anna@KLINIK-MÜLLER.example", "anna@klinik-müller.example")],
)
def test_addresses_are_compared_without_regard_to_case_in_any_alphabet(one, other):
    assert comparable(one) == comparable(other)


def test_domain_is_the_same_in_its_own_letters_and_as_servers_write_it():
    assert comparable("anna@klinik-müller.example") == comparable("Anna@xn--klinik-mller-klb.example")


@pytest.mark.parametrize(
    ("domain", "written", "anothers"),
    [
        ("straße.example", "xn--strae-oqa.example", "strasse.example"),
        ("βόλος.example", "xn--nxasmm1c.example", "βόλοσ.example"),
    ],
)
def test_domain_is_never_taken_for_one_that_only_an_older_rule_makes_of_it(domain, written, anothers):
    assert comparable(f"anna@{domain}") == f"anna@{written}" == comparable(f"Anna@{written}")
    assert comparable(f"anna@{domain}") != comparable(f"anna@{anothers}")


def test_address_whose_domain_has_no_other_form_is_compared_as_it_is():
    assert comparable("anna@ü" + "a" * 70 + ".example") == "anna@ü" + "a" * 70 + ".example"


@pytest.mark.parametrize("other", ["anna@klinik-muller.example", "anna@klinik-müller.example.com"])
def test_another_domain_is_another_address(other):
    assert comparable("anna@klinik-müller.example") != comparable(other)
