import pytest
from django.utils.safestring import mark_safe
from liquid.exceptions import FilterArgumentError

from aftercare.content.filters import capitalize, dialled, mailbox, plain, url_part, web_address


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("020 7946 0100", "02079460100"),
        ("(312) 555-0142", "3125550142"),
        ("+44 (0)20 7946 0100", "+442079460100"),
        ("112", "112"),
        ('"><script>', ""),
    ],
)
def test_dialled_keeps_what_a_phone_dials(written, number):
    assert dialled(written) == number


def test_url_part_escapes_everything_that_could_leave_its_place():
    assert url_part("a b/c?d=e&f#g\"'<ñ") == "a%20b%2Fc%3Fd%3De%26f%23g%22%27%3C%C3%B1"


def test_mailbox_keeps_the_at_sign_alone():
    assert mailbox("a@example.com?bcc=b@example.com") == "a@example.com%3Fbcc%3Db@example.com"


def test_capitalize_leaves_the_rest_as_it_is():
    assert capitalize("sábado, 28 de Marzo") == "Sábado, 28 de Marzo"


def test_filters_of_clinic_staff_change_case_and_spaces(text_of):
    body = "{{ clinic.name | upcase }}, {{ clinic.name | downcase }}, {{ clinic.name | strip }}."

    assert text_of(body, {"clinic.name": " Ñu "}) == "ÑU , ñu , Ñu."


def test_web_address_refuses_a_script():
    with pytest.raises(FilterArgumentError):
        web_address("javascript:alert(1)")


def test_plain_drops_a_mark_of_safety():
    assert type(plain(mark_safe("<b>"))) is str
