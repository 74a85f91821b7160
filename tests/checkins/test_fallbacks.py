"""Which patients get something in another language than the one they read."""

import pytest

from aftercare.checkins.approving import approve_rules, save_rules
from aftercare.checkins.fallbacks import Fallback, Written, fallbacks
from aftercare.checkins.rulebook import shipped
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factories.clinic(locale="es-ES")


def rules_with(language):
    content = shipped()
    for by_language in content["texts"].values():
        by_language[language] = dict(by_language["en"])
    return content


def approve(clinic, content):
    approve_rules(
        save_rules(clinic, content=content), by=factories.practitioner(clinic), now=factories.ENDED_AT
    )


def test_levels_fall_back_to_the_clinics_language(clinic):
    approve(clinic, shipped())
    factories.patient(clinic, locale="ar")

    assert fallbacks(clinic) == [Fallback(Written.LEVELS, "ar", "es")]


def test_levels_that_the_clinic_wrote_in_the_language_do_not_fall_back(clinic):
    approve(clinic, rules_with("ar"))
    factories.patient(clinic, locale="ar")

    assert fallbacks(clinic) == []


def test_language_that_nobody_reads_is_not_told(clinic):
    approve(clinic, shipped())
    factories.patient(factories.clinic(), locale="ar")

    assert fallbacks(clinic) == []


def test_messages_without_an_approved_text_in_the_language_are_counted(clinic):
    factories.patient(clinic, locale="en-GB")
    for language in ("es", "en"):
        factories.approved_version(factories.template(clinic), language)
    factories.draft_version(factories.template(clinic), "es")

    assert fallbacks(clinic) == [
        Fallback(Written.MESSAGES, "en", "es", 1),
        Fallback(Written.MESSAGES, "es", "es", 1),
    ]


def test_reads_three_times_however_many_patients_there_are(clinic, django_assert_num_queries):
    approve(clinic, shipped())
    for locale in ("ar", "en-GB", "es-MX", "ar"):
        factories.patient(clinic, locale=locale)

    with django_assert_num_queries(3):
        fallbacks(clinic)
