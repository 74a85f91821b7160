"""What a patient reads where nothing is promised: true at that hour, and no more urgent than the answer."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.calls import without_links

pytestmark = pytest.mark.django_db
B = {"call_me": "yes"}
LATE = datetime(2026, 3, 30, 16, 55, tzinfo=UTC)  # five minutes before the clinic closes


def text(page):
    return without_links(page.content.decode())


def numbers(page):
    """Those of the box for help, in their order."""
    box = page.content.decode().partition('<section class="contact"')[2].partition("</section>")[0]
    return re.findall(r'href="tel:(\d+)"', box)


@pytest.fixture
def marked(visitor, asking, at):
    """A visitor whose marks are of level C: they have been there for a fortnight."""
    asking.session.variant = "rf"
    asking.session.save()
    at.now += timedelta(days=14)
    return visitor


def test_emergency_while_the_clinic_is_open_is_not_told_that_it_is_closed(visitor, at):
    at.now = LATE

    page = text(visitor.send(1, breathing="yes"))

    assert "Call 999 now, or go to an emergency department. Do not wait for us." in page
    assert "say “anaphylaxis” when you call" in page
    assert "We have told the clinic. Do not wait for a call from us." in page
    assert "closed now" not in page


def test_emergency_of_the_night_is_not_told_in_the_morning_that_the_clinic_is_closed(visitor, at):
    at.now += timedelta(hours=11)
    assert "The clinic is closed now." in text(visitor.send(1, breathing="yes"))

    at.now += timedelta(hours=13)

    assert "closed now" not in text(visitor.get())


def test_answer_of_the_night_that_can_wait_is_told_when_somebody_reads_it(visitor, at):
    at.now += timedelta(hours=11)

    page = text(visitor.send_all(**B))

    assert "Somebody reads your answers after we open, from 09:00 on Tuesday 31 March." in page
    assert "We will call you" not in page


def test_answer_of_the_night_that_cannot_wait_is_not_told_of_the_morning(visitor, at):
    at.now += timedelta(hours=11)

    assert "after we open" not in text(visitor.send_all(infection="yes"))


def test_dark_marks_are_told_to_call_without_urgency(marked, at):
    at.now += timedelta(hours=11)
    marked.send(1)
    marked.send(2)
    marked.send(3, marks="yes", burn="no")
    marked.send(4)
    at.now += timedelta(hours=13)

    page = text(marked.get())

    assert "Somebody at the clinic reads them. You can call us too: 020 7946 0100." in page
    assert "get urgent medical care" not in page


@pytest.mark.parametrize("answers", [{"infection": "yes"}, B, {"rash": "bumps"}])
def test_answer_with_a_promise_is_told_that_it_has_arrived(visitor, answers):
    assert "Your answers have reached the clinic." in text(visitor.send_all(**answers))


def test_help_begins_with_the_number_that_is_answered(visitor, at):
    assert numbers(visitor.send_all(infection="yes")) == ["02079460100", "02079460199", "999"]

    at.now += timedelta(hours=11)

    assert numbers(visitor.get()) == ["02079460199", "999", "02079460100"]


def test_help_in_an_emergency_begins_with_its_number(visitor):
    assert numbers(visitor.send(1, breathing="yes"))[0] == "999"


@pytest.mark.parametrize("path", ["/c/x.y/", "/m/x.y/", "/u/x.y/"])
def test_unknown_link_names_the_emergency_numbers_in_every_language(client, path):
    page = client.get(path).content.decode()

    assert page.count("999") == page.count("112") == page.count("911") == 3
    assert "In an emergency call your local emergency number" in page


def test_missing_answers_take_the_focus(visitor):
    page = visitor.client.post(visitor.path, {"part": 1, "unwell": "no"}).content.decode()

    assert '<p class="wrong" role="alert" tabindex="-1" autofocus>Some answers are missing.' in page
