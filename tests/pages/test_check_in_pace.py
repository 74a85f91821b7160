"""How much one address and one link may send; an emergency always comes through."""

from datetime import timedelta

import pytest

from aftercare.checkins import pacing
from aftercare.checkins.models import CheckIn, Concern, PostCount
from aftercare.clinics.models import Role
from aftercare.outbox.models import StaffNotice
from tests import factories
from tests.calls import without_links
from tests.pages.conftest import PARTS

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["PER_LINK", "PER_ADDRESS"])
def limited(request, monkeypatch, visitor):
    """A visitor who has sent as much as may be sent in this minute."""
    monkeypatch.setattr(pacing, request.param, 2)
    visitor.send(1)
    visitor.send(2)
    return visitor


def test_too_many_answers_are_told_to_wait_with_the_form_as_it_was_filled_in(limited):
    page = limited.send(3, burn="unknown")

    assert (page.status_code, page["Retry-After"]) == (429, "60")
    words = page.content.decode()
    assert "send this part again" in words
    assert "020 7946 0100" in words
    assert words.count(" checked") == len(PARTS[3])


def test_link_that_sends_more_than_a_person_can_is_held_back(visitor, monkeypatch):
    monkeypatch.setattr(pacing, "PER_LINK", 2)
    for _time in range(3):
        page = visitor.send(3, infection="yes")

    assert page.status_code == 429


def test_answering_again_is_not_slowed_by_a_crowd_behind_one_address(visitor, monkeypatch):
    visitor.send_all()
    monkeypatch.setattr(pacing, "PER_ADDRESS", 2)

    page = visitor.client.post(visitor.path, {"again": "1"}, follow=True)

    assert page.status_code == 200
    assert "Part 1 of 4" in page.content.decode()


def test_answering_again_beyond_the_links_pace_still_leads_to_a_form_that_takes_an_emergency(
    visitor, monkeypatch
):
    visitor.send_all()
    monkeypatch.setattr(pacing, "PER_LINK", 2)

    page = visitor.client.post(visitor.path, {"again": "1"})
    told = visitor.send(1, breathing="yes")

    assert page.status_code == 429
    assert 'name="breathing"' in page.content.decode()
    assert CheckIn.objects.filter(level="e").count() == 1
    assert "Call 999 now, or go" in without_links(told.content.decode())


def test_answer_that_needs_a_human_passes_a_crowd_behind_one_address(visitor, monkeypatch):
    monkeypatch.setattr(pacing, "PER_ADDRESS", 2)
    visitor.send(1)
    visitor.send(2)

    assert visitor.send(3, infection="yes").status_code == 200
    assert Concern.objects.get().level == "a"


def test_note_passes_a_crowd_behind_one_address(visitor, monkeypatch):
    monkeypatch.setattr(pacing, "PER_ADDRESS", 2)
    for number in (1, 2, 3):
        visitor.send(number)

    assert visitor.send(4, note="a lump").status_code == 200
    assert Concern.objects.get().level == "b"


def test_photo_beyond_the_pace_is_refused_in_words(visitor, monkeypatch):
    visitor.send_all()
    monkeypatch.setattr(pacing, "PER_LINK", 2)

    page = visitor.client.post(f"{visitor.path}photos/")

    assert page.status_code == 422
    assert "wait a minute" in page.content.decode()


def test_emergency_is_never_held_back(limited):
    page = limited.send(1, breathing="yes")

    assert page.status_code == 200
    assert "Call 999 now, or go" in without_links(page.content.decode())
    assert Concern.objects.get().level == "e"


def test_next_minute_counts_anew(limited, at):
    at.now += timedelta(minutes=1)

    assert limited.send(3).status_code == 200
    assert "infection" in CheckIn.objects.get().answers


def test_counts_are_forgotten_after_an_hour(limited, at):
    assert pacing.forget_counts(now=at.now) == 0
    assert pacing.forget_counts(now=at.now + timedelta(hours=2)) == 2
    assert not PostCount.objects.exists()


def test_address_is_the_one_the_proxy_noted(settings, monkeypatch, visitor):
    monkeypatch.setattr(pacing, "PER_ADDRESS", 1)
    settings.SECURE = True
    for number in (1, 2):
        page = visitor.client.post(
            visitor.path,
            {"part": 1, "unwell": "no"},
            headers={"X-Forwarded-For": f"9.9.9.9, 10.0.0.{number}"},
        )
        assert page.status_code == 422  # taken, with answers missing


def test_emergency_answer_costs_a_bounded_number_of_statements(
    visitor, asking, django_assert_max_num_queries
):
    factories.user(asking.clinic, Role.STAFF, email="nurse@clinic.example.com")

    with django_assert_max_num_queries(26):  # two of them begin and end the transaction
        visitor.client.post(visitor.path, {"part": 1, **PARTS[1], "breathing": "yes"})

    assert StaffNotice.objects.get().recipient == "nurse@clinic.example.com"
