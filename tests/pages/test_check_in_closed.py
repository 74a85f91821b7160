"""What a patient reads once the clinic has dealt with an answer that needed a human."""

from datetime import time, timedelta

import pytest

from aftercare.checkins.concerns import close_concern
from aftercare.checkins.models import CheckIn, Concern
from tests import factories
from tests.calls import without_links

pytestmark = pytest.mark.django_db

MOST_SEE = "Here is what most people see."


def text(page):
    return page.content.decode()


@pytest.fixture
def close(clinic, at):
    """Closes the open concern, as staff do."""

    def closing():
        concern = Concern.objects.get(closed_at__isnull=True)
        close_concern(concern, outcome="Called.", by=factories.user(clinic), now=at.now)

    return closing


def test_closed_emergency_still_leads_to_the_emergency_number_first(visitor, close):
    visitor.send(1, breathing="yes")
    close()

    page = text(visitor.get())

    assert "The clinic has looked at your answers" in page
    assert '<a class="button" href="tel:999">Call 999</a>' in page
    assert (
        page.index("Call 999</a>")
        < page.index('Call <a href="tel:999" dir="ltr">999</a> now. Do not wait for us.')
        < page.index("answer again")
    )
    assert MOST_SEE not in page


@pytest.mark.parametrize("answers", [{"infection": "yes"}, {"rash": "bumps"}, {"pain": "9"}])
def test_closed_concern_is_told_to_answer_again_or_call(visitor, close, answers):
    visitor.send_all(**answers)
    close()

    page = text(visitor.get())

    assert "The clinic has looked at your answers" in page
    assert (
        "Is anything still there, new or worse? Answer again below or call 020 7946 0100."
        in without_links(page)
    )
    assert "In an emergency call 999." in without_links(page)
    assert MOST_SEE not in page
    assert "We will call you" not in page
    assert 'class="urgent"' not in page


def test_emergency_answered_again_as_well_is_told_what_most_people_see(visitor, at, close):
    visitor.send(1, breathing="yes")
    close()
    at.now += timedelta(hours=1)
    visitor.client.post(visitor.path, {"again": "1"})

    page = text(visitor.send_all())

    assert MOST_SEE in page
    assert CheckIn.objects.count() == 2


def test_worst_of_a_closed_concern_counts_although_the_last_answer_was_milder(visitor, close):
    visitor.send(1, breathing="yes")
    visitor.client.post(visitor.path, {"again": "1"})
    visitor.send_all(rash="bumps")
    close()

    assert "Call 999 now. Do not wait for us." in without_links(text(visitor.get()))


def test_unfinished_form_of_a_closed_concern_goes_on_with_its_questions(visitor, close):
    visitor.send(1)
    visitor.send(2, pain="9")
    close()

    page = text(visitor.get())

    assert "Part 3 of 4" in page
    assert MOST_SEE not in page


@pytest.mark.parametrize(
    ("locale", "says"),
    [
        ("es-ES", "¿Sigue igual, ha vuelto o ha empeorado? Llame ahora al 999."),
        ("ar", "<bdi>999</bdi> الآن. لا تنتظرنا."),
    ],
)
def test_closed_emergency_is_told_in_the_language_of_the_form(visitor, asking, close, locale, says):
    asking.patient.locale = locale
    asking.patient.save()
    visitor.send(1, unwell="yes")
    close()

    assert says in without_links(text(visitor.get()))


def close_today_at(clinic, hour, at):
    clinic.opening_hours.filter(weekday=at.now.weekday()).update(closes_local_time=time(hour))


@pytest.mark.parametrize("answers", [{"infection": "yes"}, {"rash": "bumps", "redness": "less"}])
def test_promise_that_nobody_is_there_for_any_more_gives_way_to_the_number_for_when_closed(
    visitor, clinic, at, answers
):
    visitor.send_all(**answers)
    concern = Concern.objects.get()
    Concern.objects.update(promised_at=min(concern.promised_at, at.now + timedelta(hours=2)))
    close_today_at(clinic, 12, at)

    page = text(visitor.get())

    assert "The clinic is closed now." in page
    assert "We will call you" not in page


def test_promise_stays_while_somebody_is_still_there_before_its_time(visitor, clinic, at):
    visitor.send_all(infection="yes")
    close_today_at(clinic, 13, at)

    assert "We will call you by 14:00" in text(visitor.get())


def test_emergency_is_not_told_of_a_call_once_the_clinic_has_closed_early(visitor, clinic, at):
    visitor.send(1, breathing="yes")
    close_today_at(clinic, 12, at)

    page = text(visitor.get())

    assert "Do not wait for a call from us." in page
    assert "It will try to call you" not in page
