"""Days, times and lists in every locale."""

from datetime import date, time

import pytest

from aftercare.clinics.models import Locale
from aftercare.outbox.localising import area_name, clock, day, from_when, listed, number
from aftercare.timing import FromWhen
from aftercare.treatments.models import Site

SATURDAY = date(2026, 3, 28)


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en-GB", "Saturday 28 March"),
        ("en-US", "Saturday, March 28"),
        ("es-ES", "sábado, 28 de marzo"),
        ("es-MX", "sábado, 28 de marzo"),
    ],
)
def test_day_is_written_as_the_locale_writes_it(locale, written):
    assert day(SATURDAY, locale) == written


@pytest.mark.parametrize(
    ("locale", "at", "written"),
    [
        ("en-GB", time(15, 30), "15:30"),
        ("en-GB", time(9), "09:00"),
        ("en-US", time(15, 30), "3:30 pm"),
        ("en-US", time(0, 5), "12:05 am"),
        ("es-ES", time(9), "9:00"),
        ("es-MX", time(12, 30), "12:30 p. m."),
    ],
)
def test_clock_is_written_as_the_locale_writes_it(locale, at, written):
    assert clock(at, locale) == written


@pytest.mark.parametrize(
    ("locale", "at", "written"),
    [
        ("en-GB", time(15, 30), "15:30 on Saturday 28 March"),
        ("en-GB", time(0), "Saturday 28 March"),
        ("en-GB", time(12), "12:00 on Saturday 28 March"),
        ("en-GB", None, "Saturday 28 March"),
        ("en-US", time(15, 30), "3:30 pm on Saturday, March 28"),
        ("en-US", time(12), "noon on Saturday, March 28"),
        ("en-US", time(0), "Saturday, March 28"),
        ("es-ES", time(15, 30), "las 15:30 del sábado 28 de marzo"),
        ("es-ES", time(1, 30), "la 1:30 del sábado 28 de marzo"),
        ("es-ES", time(13), "las 13:00 del sábado 28 de marzo"),
        ("es-ES", time(0), "el sábado 28 de marzo"),
        ("es-ES", None, "el sábado 28 de marzo"),
        ("es-MX", time(13, 30), "la 1:30 p. m. del sábado 28 de marzo"),
        ("es-MX", time(23), "las 11:00 p. m. del sábado 28 de marzo"),
        ("es-MX", time(12), "el mediodía del sábado 28 de marzo"),
    ],
)
def test_from_when_reads_on_after_from_or_desde(locale, at, written):
    assert from_when(FromWhen(SATURDAY, at), locale) == written


@pytest.mark.parametrize(
    ("locale", "words", "written"),
    [
        ("en-GB", [], ""),
        ("en-GB", ["face"], "face"),
        ("en-GB", ["face", "neck", "hands"], "face, neck and hands"),
        ("en-US", ["face", "neck", "hands"], "face, neck, and hands"),
        ("es-ES", ["cara", "cuello"], "cara y cuello"),
        ("es-MX", ["Gel Calma", "Hidratante"], "Gel Calma e Hidratante"),
        ("es-ES", ["Gel", "Crema", "Íntegra"], "Gel, Crema e Íntegra"),
        ("es-ES", ["Gel", "Hielo"], "Gel y Hielo"),
        ("es-ES", ["Isdin"], "Isdin"),
    ],
)
def test_listed_joins_words_as_the_language_does(locale, words, written):
    assert listed(words, locale) == written


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
def test_every_site_has_a_name_of_its_own(locale):
    names = {area_name(site, locale) for site in Site}

    assert len(names) == len(Site)


def test_arabic_is_written_with_its_own_days_lists_and_halves_of_the_day():
    assert day(SATURDAY, "ar") == "السبت 28 مارس"
    assert clock(time(15, 30), "ar") == "3:30 م"
    assert from_when(FromWhen(SATURDAY, time(9)), "ar") == "الساعة 9:00 ص من يوم السبت 28 مارس"
    assert from_when(FromWhen(SATURDAY, None), "ar") == "يوم السبت 28 مارس"
    assert listed([area_name(site, "ar") for site in (Site.FACE, Site.NECK)], "ar") == "الوجه والرقبة"


@pytest.mark.parametrize(
    ("locale", "written", "shown"),
    [
        ("en-GB", "020 7946 0100", "020 7946 0100"),
        ("ar", "020 7946 0100", "\u200e020 7946 0100\u200e"),
        ("ar", "اتصل 04 555", "اتصل 04 555"),
    ],
)
def test_number_keeps_the_order_of_its_groups_between_words_read_from_the_right(locale, written, shown):
    assert number(written, locale) == shown


@pytest.mark.parametrize("locale", Locale.values)
def test_every_area_has_a_name_in_every_locale(locale):
    assert all(area_name(site, locale) for site in Site)
