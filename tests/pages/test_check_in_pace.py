"""How much one address and one link may send; an emergency always comes through."""

from datetime import timedelta

import pytest

from aftercare.checkins import pacing
from aftercare.checkins.models import CheckIn, Concern, PostCount

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["PER_LINK", "PER_ADDRESS"])
def limited(request, monkeypatch, visitor):
    """A visitor who has sent as much as may be sent in this minute."""
    monkeypatch.setattr(pacing, request.param, 2)
    visitor.send(1)
    visitor.send(2)
    return visitor


def test_too_many_answers_are_told_to_wait(limited):
    page = limited.send(3, infection="yes")

    assert page.status_code == 429
    assert "020 7946 0100" in page.content.decode()
    assert not Concern.objects.exists()


def test_emergency_is_never_held_back(limited):
    page = limited.send(1, breathing="yes")

    assert page.status_code == 200
    assert "Call 999 now, or go" in page.content.decode()
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
