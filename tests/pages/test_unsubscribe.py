"""The unsubscribe page, as a patient and as a mail program meet it."""

from datetime import timedelta

import pytest
from django.test import Client

from aftercare.followups.models import FollowUpTask
from aftercare.outbox import clock
from aftercare.outbox.links import UNSUBSCRIBE
from aftercare.outbox.models import Suppression
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(monkeypatch):
    session = factories.treatment_session(factories.clinic(name="Harbour Clinic"))
    message = factories.message(session)
    monkeypatch.setattr(clock, "database_now", lambda: message.send_at + timedelta(days=1))
    return message


@pytest.fixture
def path(message, settings):
    return UNSUBSCRIBE.url(message.pk).removeprefix(settings.SITE_URL)


@pytest.fixture
def browser():
    """Without a log-in, and with CSRF checks as strict as for real visitors."""
    return Client(enforce_csrf_checks=True)


def test_following_the_link_asks_and_changes_nothing(browser, path):
    page = browser.get(path)

    assert page.status_code == 200
    assert "Stop these messages?" in page.content.decode()
    assert "Harbour Clinic" in page.content.decode()
    assert not Suppression.objects.exists()


@pytest.fixture
def routine(message):
    message.safety_critical = False
    message.save()
    return message


def test_one_click_on_a_routine_message_keeps_the_safety_messages(browser, path, routine):
    page = browser.post(path, {"List-Unsubscribe": "One-Click"})

    assert Suppression.objects.get().purpose == "routine"
    assert "Harbour Clinic will send you only the safety messages." in page.content.decode()
    assert not FollowUpTask.objects.exists()


def test_one_click_on_a_safety_message_stops_all_and_tells_the_clinic(browser, path, message):
    page = browser.post(path, {"List-Unsubscribe": "One-Click"})

    assert Suppression.objects.get().purpose == "care"
    assert "Harbour Clinic will send you no more of these messages" in page.content.decode()
    assert FollowUpTask.objects.get().patient == message.patient


def test_page_of_a_routine_message_can_stop_all(browser, path, routine):
    browser.post(path, {"purpose": "care"})

    assert Suppression.objects.get().purpose == "care"


def test_mail_program_unsubscribes_with_one_click(browser, path, message):
    page = browser.post(path, {"List-Unsubscribe": "One-Click"})

    assert page.status_code == 200
    assert Suppression.objects.get().email == message.patient.email
    assert Suppression.objects.get().purpose == "care"
    assert not page.cookies


def test_button_posts_to_the_same_address_and_may_be_pressed_twice(browser, path):
    assert '<form method="post">' in browser.get(path).content.decode()

    browser.post(path)
    page = browser.post(path)

    assert "no more of these messages" in page.content.decode()
    assert Suppression.objects.count() == 1


def test_page_is_in_the_patients_language(browser, path, message):
    message.patient.locale = "es-MX"
    message.patient.save()

    page = browser.get(path, headers={"Accept-Language": "en"})

    assert '<html lang="es" dir="ltr">' in page.content.decode()
    assert "¿No quiere recibir más mensajes?" in page.content.decode()
    assert "Hecho" in browser.post(path).content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_forged_link_is_unknown(browser, message, method):
    page = getattr(browser, method)(f"/u/{message.pk.hex}.forged/")

    assert page.status_code == 404
    assert not Suppression.objects.exists()


def test_old_link_is_gone(browser, path, message, monkeypatch):
    monkeypatch.setattr(clock, "database_now", lambda: message.send_at + timedelta(days=401))

    page = browser.post(path)

    assert page.status_code == 410
    assert message.clinic.phone in page.content.decode()
    assert not Suppression.objects.exists()


def test_other_methods_are_not_allowed(browser, path):
    assert browser.delete(path).status_code == 405


@pytest.mark.parametrize("make", [lambda path: path, lambda path: "/u/unknown/"])
def test_page_is_kept_nowhere_and_sends_no_referrer(browser, path, make):
    page = browser.get(make(path))

    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert "default-src 'none'" in page["Content-Security-Policy"]


def test_title_says_nothing_of_health(browser, path):
    page = browser.get(path).content.decode()

    assert "<title>Harbour Clinic</title>" in page


def test_patient_may_keep_the_safety_messages(browser, path):
    assert 'name="purpose" value="routine"' in browser.get(path).content.decode()

    page = browser.post(path, {"purpose": "routine"})

    assert "only the safety messages" in page.content.decode()
    assert Suppression.objects.get().purpose == "routine"


@pytest.mark.parametrize("purpose", ["all", "<script>", ""])
def test_purpose_that_was_not_offered_counts_as_one_click(browser, path, purpose):
    browser.post(path, {"purpose": purpose})

    assert Suppression.objects.get().purpose == "care"


def test_page_warns_that_the_clinic_is_told(browser, path):
    assert "Harbour Clinic is told" in browser.get(path).content.decode()


@pytest.mark.parametrize("purpose", ["care", "all"])
def test_link_opened_again_by_somebody_who_left_says_so_with_the_way_back(browser, path, message, purpose):
    Suppression.objects.create(
        clinic=message.clinic, email=message.patient.email.upper(), purpose=purpose, reason="unsubscribed"
    )

    page = browser.get(path).content.decode()

    assert "You get no more messages from Harbour Clinic" in page
    assert "Would you like them again? Call us" in page
    assert message.clinic.phone in page
    assert "<button" not in page


def test_link_opened_again_by_somebody_who_kept_the_safety_messages_offers_to_stop_these(browser, path):
    browser.post(path, {"purpose": "routine"})

    page = browser.get(path).content.decode()

    assert "You get only the safety messages from Harbour Clinic" in page
    assert 'name="purpose" value="care"' in page
    assert 'value="routine"' not in page


def test_leaving_the_routine_messages_after_all_of_them_does_not_bring_the_safety_messages_back(
    browser, path
):
    browser.post(path, {"purpose": "care"})

    page = browser.post(path, {"purpose": "routine"}).content.decode()

    assert "will send you no more of these messages" in page


def test_what_another_clinic_may_not_send_is_not_said_here(browser, path, message):
    other = factories.clinic(name="Other Clinic")
    Suppression.objects.create(
        clinic=other, email=message.patient.email, purpose="care", reason="unsubscribed"
    )

    assert "Stop these messages?" in browser.get(path).content.decode()
