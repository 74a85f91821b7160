"""What a patient has read who stops after an answer that needs a human, before the last part."""

import re
from datetime import timedelta

import pytest

from aftercare.checkins.models import CheckIn, Concern

pytestmark = pytest.mark.django_db


def text(page):
    return page.content.decode()


def test_part_after_a_worrying_answer_begins_with_its_level_and_the_promised_time(visitor):
    visitor.send(1)

    page = text(visitor.send(2, pain="9"))

    assert "Part 3 of 4" in page
    assert page.index("We will call you by 14:00 on Monday 30 March.") < page.index("<form")
    assert CheckIn.objects.get().answered_at is None


def test_part_after_a_worrying_answer_at_night_promises_nothing(visitor, at):
    at.now += timedelta(hours=11)
    visitor.send(1)

    page = text(visitor.send(2, pain="9"))

    assert "The clinic is closed now." in page
    assert "We will call you" not in page


def test_part_with_a_mistake_says_it_too(visitor):
    visitor.send(1)
    visitor.send(2)

    page = text(visitor.client.post(visitor.path, {"part": 3, "rash": "bumps"}))

    assert "We will call you by 12:00 on Tuesday 31 March." in page
    assert "Some answers are missing." in page


def test_part_after_answers_without_a_sign_has_no_notice(visitor):
    visitor.send(1)

    assert "Please read this first" not in text(visitor.send(2))


def test_notice_ends_with_its_concern(visitor, at):
    visitor.send(1)
    visitor.send(2, pain="9")

    Concern.objects.update(closed_at=at.now, outcome="Called.")

    assert "Please read this first" not in text(visitor.get())


def test_notice_is_in_the_language_of_the_form(visitor, asking):
    asking.patient.locale = "es-ES"
    asking.patient.save()
    visitor.send(1)

    page = text(visitor.send(2, pain="9"))

    assert (
        page.index("Lea esto primero") < page.index("Le llamaremos antes de las 14:00") < page.index("<form")
    )


def first_link(page):
    return re.search(r'<a class="button" href="(.*?)">(.*?)</a>|<(?:a|button|input)\b.*?>', page).groups()


def test_first_thing_to_tap_in_an_emergency_is_the_emergency_number(visitor, clinic):
    clinic.emergency_number = "112"
    clinic.save()

    page = text(visitor.send(1, breathing="yes"))

    assert first_link(page) == ("tel:112", "Call 112")


def test_first_thing_to_tap_on_a_form_while_an_emergency_is_open_is_the_number(visitor):
    visitor.send(1, breathing="yes")
    page = text(visitor.client.post(visitor.path, {"again": "1"}, follow=True))

    assert first_link(page) == ("tel:999", "Call 999")
    assert "Then please answer the rest" not in page


def test_answer_that_is_no_emergency_has_no_button_to_call(visitor):
    assert "call-now" not in text(visitor.send_all(infection="yes"))
