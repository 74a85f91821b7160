"""The check-in in a language that is read from the right, with and without the clinic's own texts in it."""

from datetime import timedelta

import pytest

from aftercare.checkins.approving import approve_rules, save_rules
from aftercare.checkins.rulebook import shipped
from tests import factories
from tests.calls import without_links

pytestmark = pytest.mark.django_db


@pytest.fixture
def arabic(visitor, asking):
    asking.patient.locale = "ar"
    asking.patient.save()
    return visitor


def text(page):
    return page.content.decode()


def approve_arabic(clinic):
    """Made up: what the tests need of it is the language."""
    content = shipped()
    for by_language in content["texts"].values():
        by_language["ar"] = {"on_duty": "{emergency_number}", "closed": "{emergency_number}"}
    content["texts"]["a"]["ar"]["on_duty"] = "سنتصل بك قبل {time}.\n\n{phone}"
    draft = save_rules(clinic, content=content)
    approve_rules(draft, by=factories.practitioner(clinic), now=factories.ENDED_AT)


def test_form_is_asked_from_the_right_with_its_numbers_kept_apart(arabic):
    page = text(arabic.get())

    assert '<html lang="ar" dir="rtl">' in page
    assert "كيف حال بشرتك؟" in page
    assert "اتصل بالرقم <bdi>999</bdi> الآن" in page
    assert "Yes" not in page


def test_level_without_an_arabic_text_is_read_in_the_clinics_and_marked_as_that(arabic):
    page = text(arabic.send_all(pain="9"))

    assert '<html lang="ar" dir="rtl">' in page
    assert '<section class="urgent" lang="en" dir="ltr">' in page
    assert "We will call you by 14:00 on Monday 30 March." in page
    assert "كتبت العيادة النص التالي بلغة أخرى" in page


def test_notice_of_the_answers_so_far_is_marked_as_the_clinics_language_too(arabic):
    arabic.send(1)

    page = text(arabic.send(2, pain="9"))

    assert page.index('<div lang="en" dir="ltr">') < page.index("We will call you by") < page.index("<form")


def test_level_with_an_arabic_text_is_read_in_it(arabic, clinic):
    approve_arabic(clinic)

    page = text(arabic.send_all(pain="9"))

    assert '<section class="urgent" lang="ar" dir="rtl">' in page
    assert "سنتصل بك قبل <bdi>الساعة" in page
    assert "<bdi>020 7946 0100</bdi>" in without_links(page)
    assert "بلغة أخرى" not in page


def test_clinic_name_or_contact_with_markup_stays_text(arabic, asking):
    asking.clinic.out_of_hours_contact = "<b>111</b>"
    asking.clinic.save()

    assert "<b>111" not in text(arabic.get())


def test_page_after_the_promised_time_is_in_the_patients_language(arabic, at):
    arabic.send_all(pain="9")
    at.now += timedelta(hours=3)

    page = text(arabic.get())

    assert '<section class="urgent" lang="ar" dir="rtl">' in page
    assert "قلنا إننا سنتصل بك قبل" in page
