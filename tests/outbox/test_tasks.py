"""The wake-ups: a tick reaps and wakes, a drain sends, and neither needs the other's good luck."""

from datetime import timedelta

import pytest
from kombu.exceptions import OperationalError

from aftercare.outbox import tasks
from aftercare.outbox.models import Heartbeat
from aftercare.outbox.waking import wake, wake_on_commit
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def woken(monkeypatch):
    """Counts published drains instead of running them."""
    published = []
    monkeypatch.setattr(tasks.drain, "apply_async", lambda *args, **kwargs: published.append(kwargs))
    return published


def test_tick_leaves_a_sign_of_life(at, woken):
    tasks.tick()
    tasks.tick()

    assert list(Heartbeat.objects.values_list("name", "at")) == [("tick:broker", at.now)]


def test_tick_reaps(at, woken, claimed):
    at.now = claimed.lease_until + timedelta(seconds=1)

    tasks.tick()

    claimed.refresh_from_db()
    assert claimed.status == "scheduled"


def test_tick_wakes_nobody_when_nothing_is_due(at, woken, make_message):
    make_message(due_at=at.now + timedelta(seconds=1))

    tasks.tick()

    assert woken == []


def test_tick_wakes_as_many_drains_as_the_backlog_needs(at, woken, make_message, settings):
    settings.CLAIM_CHUNK = 1
    make_message()
    make_message()

    tasks.tick()

    assert len(woken) == 2


def test_tick_on_a_backlog_sends_it(at, provider, scheduled):
    tasks.tick()

    scheduled.refresh_from_db()
    assert scheduled.status == "sent"


def test_drain_hands_on_what_its_time_did_not_allow(at, woken, provider, make_message, settings):
    settings.DRAIN_SECONDS = 10
    make_message()
    make_message()
    provider.tricks = [lambda email: at.pass_(seconds=11)]

    tasks.drain()

    assert (len(provider.taken), len(woken)) == (1, 1)


def test_drain_that_has_sent_everything_wakes_nobody(at, woken, provider, scheduled):
    tasks.drain()

    assert (len(provider.taken), woken) == (1, [])


def test_drain_that_meets_trouble_does_not_go_round_in_circles(at, woken, provider, scheduled):
    provider.opening_errors = [ConnectionRefusedError()]

    tasks.drain()

    assert woken == []


def test_wake_up_waits_for_the_commit(woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        wake_on_commit()
        assert woken == []

    assert len(woken) == 1


@pytest.mark.parametrize("error", [OperationalError("no broker"), OSError("disk full")])
def test_broker_that_is_away_never_fails_what_a_clinic_saves(monkeypatch, caplog, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(tasks.drain, "apply_async", fail)

    wake()

    assert "wake_up_not_published" in caplog.text


def test_tick_judges_what_was_reported(at, woken, scheduled):
    factories.attempt(scheduled, outcome="unknown")
    scheduled.due_at += timedelta(hours=1)
    scheduled.in_doubt = True
    scheduled.save()
    factories.delivery_event(scheduled)

    tasks.tick()

    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.why) == ("sent", "proven")


def test_judge_hands_on_while_more_is_waiting(at, woken, monkeypatch):
    monkeypatch.setattr(tasks, "BATCH", 1)
    woken_judges = []
    monkeypatch.setattr(
        tasks.judge_events, "apply_async", lambda *args, **kwargs: woken_judges.append(kwargs)
    )
    factories.delivery_event()

    tasks.judge_events()
    tasks.judge_events()

    assert len(woken_judges) == 1
