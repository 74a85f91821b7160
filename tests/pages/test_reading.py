"""The page that every message links to, as a patient and as a stranger meet it."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from django.test import Client
from icalendar import Calendar

from aftercare.clinics.hours import OpeningHours
from aftercare.content.models import MessageTemplate
from aftercare.outbox import clock
from aftercare.outbox.links import READ, UNSUBSCRIBE
from aftercare.protocols.models import Topic
from tests import factories

pytestmark = pytest.mark.django_db
AGAIN = "again (earliest, only if your skin is calm)"
EARLIEST = "These are the earliest days. If your skin is still sore then, wait and call us."


@pytest.fixture
def message(monkeypatch):
    clinic = factories.clinic(name="Harbour Clinic")
    done = {"state": "completed", "completed_at": factories.ENDED_AT, "next_visit_on": date(2026, 4, 25)}
    session = factories.treatment_session(clinic, **done)
    session.protocol.restrictions.create(topic=Topic.EXERCISE, hours_light=72, hours_deeper=72)
    session.protocol.restrictions.create(topic=Topic.MAKEUP, hours_light=24, hours_deeper=48)
    message = factories.message(session, status="sent")
    factories.attempt(message)
    factories.message(session, session.protocol.steps.last(), send_at=message.send_at + timedelta(days=1))
    monkeypatch.setattr(clock, "database_now", lambda: message.send_at + timedelta(days=1))
    return message


@pytest.fixture
def path(message, settings):
    return READ.url(message.pk).removeprefix(settings.SITE_URL)


@pytest.fixture
def browser():
    return Client()


def text_of(page):
    return page.content.decode()


def test_page_shows_the_message_as_it_was_sent(browser, path):
    page = text_of(browser.get(path))

    assert '<h1 lang="en-GB" dir="ltr">A note from Harbour Clinic</h1>' in page
    assert "<strong>Keep the skin we treated clean and cool.</strong>" in page
    assert "Sent on Saturday 28 March, 16:00" in page


def test_page_shows_the_plan_and_the_clinics_numbers(browser, path):
    page = text_of(browser.get(path))

    assert "<dt>Make-up</dt><dd>from 16:00 on Monday 30 March</dd>" in page
    assert "<dt>Hard exercise</dt><dd>from Wednesday 1 April</dd>" in page
    assert "<li>Sunday 29 March, about 17:00</li>" in page
    assert "Saturday 25 April" in page
    assert 'href="tel:02079460100"' in page
    assert 'href="tel:999"' in page
    assert "020 7946 0199" in page


@pytest.mark.parametrize(("locale", "says"), [("es-MX", "Sus fechas"), ("en-US", "Your dates")])
def test_page_is_in_the_patients_language(browser, path, message, locale, says):
    message.patient.locale = locale
    message.patient.save()

    page = text_of(browser.get(path, headers={"Accept-Language": "de"}))

    assert f'<html lang="{locale[:2]}" dir="ltr">' in page
    assert says in page


def test_page_is_turned_round_but_not_a_message_in_another_language(browser, path, message):
    message.patient.locale = "ar"
    message.patient.save()

    page = text_of(browser.get(path))

    assert '<html lang="ar" dir="rtl">' in page
    assert '<div class="words" lang="en-GB" dir="ltr"><p>Hello Amara' in page
    assert "<dt>المكياج</dt><dd>ابتداءً من الساعة 4:00 م من يوم الاثنين 30 مارس</dd>" in page


def test_address_and_title_say_nothing_of_health_and_the_page_is_kept_nowhere(browser, path):
    page = browser.get(path)

    assert path.startswith("/m/")
    assert "<title>Harbour Clinic</title>" in text_of(page)
    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert "default-src 'none'; style-src 'self'" in page["Content-Security-Policy"]


def test_page_runs_and_styles_nothing_inline_and_sets_no_cookie(browser, path):
    page = browser.get(path)

    assert not page.cookies
    assert not any(part in text_of(page) for part in ("<script", "style=", "<style", " on" + "click"))


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("020 7946 0199", '<a href="tel:02079460199" dir="ltr">020 7946 0199</a>'),
        ("St Mary's Hospital, 24 hours", "<bdi>St Mary&#x27;s Hospital, 24 hours</bdi>"),
    ],
)
def test_contact_for_the_night_can_be_tapped_if_it_is_a_number(browser, path, message, contact, shown):
    type(message.clinic).objects.filter(pk=message.clinic_id).update(out_of_hours_contact=contact)

    assert shown in text_of(browser.get(path))


def test_clinics_logo_is_shown_and_may_be_loaded(browser, path, message):
    type(message.clinic).objects.filter(pk=message.clinic_id).update(logo="logos/harbour.png")

    page = browser.get(path)

    assert 'src="/media/logos/harbour.png" alt=""' in text_of(page)
    assert "img-src 'self'" in page["Content-Security-Policy"]


def test_page_is_small(browser, path):
    styles = Path("static/pages/pages.css").stat().st_size

    assert len(browser.get(path).content) + styles < 50_000


def test_link_can_be_used_again(browser, path):
    assert text_of(browser.get(path)) == text_of(browser.get(path))


@pytest.mark.parametrize("ending", ["", "dates.ics"])
def test_old_link_names_the_clinics_phone_and_nothing_else(browser, path, message, monkeypatch, ending):
    monkeypatch.setattr(clock, "database_now", lambda: message.send_at + timedelta(days=91))

    page = browser.get(path + ending)

    assert page.status_code == 410
    assert "This link is too old" in text_of(page)
    assert message.clinic.phone in text_of(page)
    assert "Amara" not in text_of(page)


@pytest.mark.parametrize("ending", ["", "dates.ics"])
def test_altered_and_foreign_links_are_unknown_in_every_language(browser, message, path, settings, ending):
    foreign = UNSUBSCRIBE.url(message.pk).removeprefix(settings.SITE_URL).replace("/u/", "/m/")

    altered = f"{path[:5]}{'2' if path[5] != '2' else '3'}{path[6:]}"

    for wrong in (foreign, altered, "/m/x.y/"):
        page = browser.get(wrong + ending)
        assert page.status_code == 404
        assert all(words in text_of(page) for words in ("We do not know", "No conocemos", "لا نعرف"))
        assert "Harbour" not in text_of(page)


def test_message_whose_copy_is_gone_names_the_clinics_phone(browser, path, message):
    message.attempts.all().delete()

    page = browser.get(path)

    assert page.status_code == 410
    assert message.clinic.phone in text_of(page)


def test_page_changes_nothing_and_takes_no_post(browser, path):
    assert browser.post(path).status_code == 405


def test_page_asks_few_questions_of_the_database(browser, path, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        browser.get(path)


def test_calendar_has_an_event_for_each_date(browser, path):
    answer = browser.get(f"{path}dates.ics")

    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert answer["Content-Type"].startswith("text/calendar")
    assert answer["Cache-Control"] == "no-store"
    assert [(str(event["summary"]), str(event["dtstart"].dt)) for event in events] == [
        (f"You may wear make-up {AGAIN} · Harbour Clinic", "2026-03-30 15:00:00+00:00"),
        (f"You may exercise hard {AGAIN} · Harbour Clinic", "2026-04-01"),
        ("Your next visit · Harbour Clinic", "2026-04-25"),
    ]
    assert [str(event["description"]) for event in events[1:]] == [
        f"{EARLIEST} Harbour Clinic: 020 7946 0100",
        "Harbour Clinic: 020 7946 0100",
    ]
    assert b"TZID" not in answer.content


def test_calendar_leaves_out_what_is_past(browser, path, monkeypatch):
    monkeypatch.setattr(clock, "database_now", lambda: datetime(2026, 4, 1, 22, tzinfo=UTC))

    events = Calendar.from_ical(browser.get(f"{path}dates.ics").content).walk("VEVENT")

    # In London it is the first of April still, the day from which exercise is fine.
    assert [str(event["summary"]).partition(" · ")[0] for event in events] == [
        f"You may exercise hard {AGAIN}",
        "Your next visit",
    ]


def test_calendar_has_the_next_message_that_asks_how_the_patient_is(browser, path, message):
    MessageTemplate.objects.filter(steps__in=message.session.protocol.steps.all()).update(asks_check_in=True)

    events = Calendar.from_ical(browser.get(f"{path}dates.ics").content).walk("VEVENT")

    asked = {str(event["summary"]): event["dtstart"].dt for event in events}
    assert asked["A message asks how you are · Harbour Clinic"] == message.send_at + timedelta(days=1)


@pytest.fixture
def dateless(message):
    """A plan without a date to wait for or a visit; a message is still to come."""
    message.session.protocol.restrictions.all().delete()
    type(message.session).objects.update(next_visit_on=None)
    return message


def test_page_leads_to_the_calendar_where_only_a_check_in_is_to_come(browser, path, dateless):
    before = text_of(browser.get(path))
    MessageTemplate.objects.filter(steps__in=dateless.session.protocol.steps.all()).update(asks_check_in=True)

    assert "dates.ics" not in before
    assert 'href="dates.ics"' in text_of(browser.get(path))


def test_calendar_has_the_same_ids_at_every_opening(browser, path):
    def ids():
        return [
            event["uid"]
            for event in Calendar.from_ical(browser.get(f"{path}dates.ics").content).walk("VEVENT")
        ]

    assert ids() == ids()
    assert len(set(ids())) == 3


def test_help_begins_with_the_number_that_is_answered_at_that_hour(browser, path, message):
    before = text_of(browser.get(path))
    hours = {"opens_local_time": time(9), "closes_local_time": time(18)}
    OpeningHours.objects.create(clinic=message.clinic, weekday=0, **hours)  # the page is opened on a Sunday

    after = text_of(browser.get(path))

    assert before.index("tel:02079460100") < before.index("tel:02079460199")
    assert after.index("tel:02079460199") < after.index("tel:999") < after.index("tel:02079460100")
