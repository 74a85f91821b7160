"""Which numbers are an alarm, and how bad: a table, without a database."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aftercare.outbox.alarming import Alarm, Level, Thresholds, alarms, level_of
from aftercare.outbox.figures import Due, Figures, Rest

NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)
FINE = Figures(
    at=NOW,
    due=Due({"under_1m": 3}, 20),
    claimed=5,
    sending=2,
    unknown=0,
    unconfirmed=0,
    held=9,
    failed_last_day=1,
    missed_last_day=0,
    sent_last_minute=10,
    sent_last_hour=100,
    tick_ages={"tick:broker": 4},
    broker_expected=True,
    workers=2,
    rests=[],
    paused_since=None,
    events_waiting=1,
    oldest_event_seconds=2,
)
REST = Rest("Resend", "", refused=False, since=NOW, until=NOW)


def of(limits=None, **changes):
    return alarms(replace(FINE, **changes), limits or Thresholds())


def test_engine_at_work_raises_no_alarm():
    assert of() == []
    assert level_of([]) == Level.OK


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        (
            {"due": Due({"1m_to_5m": 7}, 61)},
            Level.WARNING,
            "The oldest of 7 due messages has waited for 61 s",
        ),
        ({"due": Due({"5m_to_1h": 7}, 301)}, Level.CRITICAL, "has waited for 301 s"),
        ({"tick_ages": {}}, Level.CRITICAL, "has never run"),
        ({"tick_ages": {"tick:broker": 61}}, Level.CRITICAL, "No tick for 61 s"),
        ({"tick_ages": {"tick:broker": 61, "tick:loop": 2}}, Level.WARNING, "a loop stands in"),
        ({"tick_ages": {"tick:loop": 2}}, Level.WARNING, "a loop stands in"),
        ({"workers": 0}, Level.WARNING, "No worker has shown itself"),
        ({"rests": [replace(REST, refused=True)]}, Level.CRITICAL, "Resend refuses our mail"),
        ({"rests": [replace(REST, sender_domain="clinic.example.com")]}, Level.WARNING, "for clinic.example"),
        ({"paused_since": NOW}, Level.WARNING, "paused since 2026-03-28T16:00"),
        ({"unknown": 1}, Level.WARNING, "1 unknown"),
        ({"unconfirmed": 2}, Level.WARNING, "2 unconfirmed"),
        ({"failed_last_day": 21}, Level.WARNING, "21 failed"),
        ({"missed_last_day": 1}, Level.WARNING, "1 missed"),
        ({"oldest_event_seconds": 301}, Level.WARNING, "the oldest for 301 s"),
    ],
)
def test_number_out_of_order_raises_one_alarm_with_its_reason(changes, level, words):
    [alarm] = of(**changes)

    assert alarm.level == level
    assert words in alarm.reason


def test_loop_where_no_broker_is_expected_stands_in_for_nobody():
    assert of(broker_expected=False, tick_ages={"tick:loop": 2}) == []


def test_messages_that_wait_for_the_end_of_a_pause_are_not_late():
    [alarm] = of(paused_since=NOW, due=Due({"over_1h": 7}, 4000))

    assert "paused" in alarm.reason


def test_thresholds_can_be_moved():
    assert of(Thresholds(unconfirmed_warning=5), unconfirmed=5) == []


def test_worst_comes_first_and_is_the_level_of_all():
    found = of(unknown=1, tick_ages={"tick:broker": 99})

    assert [alarm.level for alarm in found] == [Level.CRITICAL, Level.WARNING]
    assert level_of(found) == Level.CRITICAL
    assert isinstance(found[0], Alarm)
