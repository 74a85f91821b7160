"""The numbers of the outbox: each counts what it says, and nothing else."""

from datetime import timedelta

import pytest

from aftercare.outbox.figures import read_figures
from aftercare.outbox.heartbeat import beat
from aftercare.outbox.models import (
    ChannelRest,
    DeliveryEvent,
    ScheduledMessage,
    SitePause,
    Status,
    StatusChange,
    Why,
)
from aftercare.outbox.tallying import Tallies

pytestmark = pytest.mark.django_db


@pytest.fixture
def figures(at):
    return lambda: read_figures(now=at.now)


@pytest.fixture
def ended(at, make_message):
    """A message that came to the status so long ago."""

    def make(status, *, ago, **over):
        message = make_message(status=status, send_at=at.now - timedelta(days=2), **over)
        StatusChange.objects.create(message=message, at=at.now - ago, to_status=status)
        return message

    return make


def test_empty_outbox_is_all_zero(figures):
    found = figures()

    assert (found.due.count, found.due.oldest_seconds, found.unknown, found.workers) == (0, 0, 0, 0)
    assert (found.tick_age, found.paused_since, found.rests) == (None, None, [])


def test_due_are_counted_by_age_whatever_their_kind(figures, at, make_message):
    for minutes, critical in ((0, True), (2, False), (6, True), (90, False)):
        make_message(send_at=at.now - timedelta(minutes=minutes), safety_critical=critical)
    make_message(send_at=at.now + timedelta(seconds=1))

    due = figures().due

    assert due.by_age == {"under_1m": 1, "1m_to_5m": 1, "5m_to_1h": 1, "over_1h": 1}
    assert (due.count, due.oldest_seconds) == (4, 90 * 60)


def test_message_that_waits_for_its_retry_is_not_late(figures, at, make_message):
    make_message(send_at=at.now - timedelta(hours=1), due_at=at.now + timedelta(minutes=1))

    assert figures().due.count == 0


@pytest.mark.parametrize("status", ["claimed", "sending", "unknown", "unconfirmed", "held"])
def test_each_status_that_is_not_an_end_is_counted(figures, make_message, status):
    make_message(status=status)
    make_message(status="sent")

    counted = {name: getattr(figures(), name) for name in ("claimed", "sending", "unknown")}
    counted |= {name: getattr(figures(), name) for name in ("unconfirmed", "held")}
    assert {name for name, count in counted.items() if count} == {status}
    assert counted[status] == 1


@pytest.mark.parametrize(("status", "field"), [("failed", "failed_last_day"), ("missed", "missed_last_day")])
def test_failed_and_missed_are_of_the_last_day(figures, ended, status, field):
    ended(status, ago=timedelta(hours=23))
    ended(status, ago=timedelta(hours=25))

    assert getattr(figures(), field) == 1


def test_missed_because_it_was_entered_late_is_nobodys_failure(figures, ended):
    ended("missed", ago=timedelta(hours=1), why=Why.ENTERED_LATE)

    assert figures().missed_last_day == 0


def test_failed_and_sent_again_since_is_not_counted(figures, ended):
    message = ended("failed", ago=timedelta(hours=1))
    ScheduledMessage.objects.filter(pk=message.pk).update(status=Status.SCHEDULED)

    assert figures().failed_last_day == 0


def test_rates_come_from_the_tallies(figures, at):
    counted = Tallies()
    counted.count("attempts", "sent", by=4)
    counted.flush()
    at.pass_(minutes=10)

    assert (figures().sent_last_minute, figures().sent_last_hour) == (0, 4)


def test_ticks_and_workers_are_told_apart(figures, at):
    beat("tick:broker", now=at.now - timedelta(seconds=70))
    beat("tick:loop", now=at.now - timedelta(seconds=3))
    beat("worker:one:7", now=at.now)

    found = figures()

    assert found.tick_ages == {"tick:broker": 70, "tick:loop": 3}
    assert (found.tick_age, found.workers) == (3, 1)


def test_rests_in_force_are_told_and_those_over_are_not(figures, at):
    def rest(channel, **over):
        times = {"since": at.now, "until": at.now - timedelta(minutes=1)}
        ChannelRest.objects.create(channel=channel, **times | over)

    rest("over")
    rest("resting", until=at.now + timedelta(minutes=1))
    rest("refused", refused=True)

    assert [(each.channel, each.refused) for each in figures().rests] == [
        ("refused", True),
        ("resting", False),
    ]


def test_pause_of_the_site_is_told_until_it_is_over(figures, at):
    SitePause.objects.create(paused_at=at.now, reason="drill", resumed_at=at.now)
    before = figures().paused_since
    SitePause.objects.create(paused_at=at.now, reason="outage")

    assert (before, figures().paused_since) == (None, at.now)


def test_events_that_wait_are_counted_with_the_age_of_the_first(figures, at):
    for number, minutes in enumerate((9, 3)):
        received = at.now - timedelta(minutes=minutes)
        DeliveryEvent.objects.create(received_at=received, fingerprint=str(number))
    judged = {"verdict": "ignored", "judged_at": at.now}
    DeliveryEvent.objects.create(received_at=at.now - timedelta(hours=1), fingerprint="2", **judged)

    assert (figures().events_waiting, figures().oldest_event_seconds) == (2, 540)
