"""``manage.py outbox``: what it prints, and the exit code that monitors read."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from aftercare.outbox import clock
from aftercare.outbox.heartbeat import beat
from aftercare.outbox.models import ChannelRest
from tests import factories
from tests.factories import ENDED_AT

NOW = ENDED_AT + timedelta(hours=2)


@pytest.fixture
def at_work(db, monkeypatch):
    """An engine that ticks, with one worker."""
    monkeypatch.setattr(clock, "database_now", lambda: NOW)
    beat("tick:broker", now=NOW - timedelta(seconds=4))
    beat("worker:one:7", now=NOW)


def run(capsys, **options):
    """What it printed, and its exit code."""
    code = 0
    try:
        call_command("outbox", **options)
    except SystemExit as end:
        code = end.code
    return capsys.readouterr().out, code


def late(seconds):
    return factories.message(
        factories.treatment_session(factories.clinic()), send_at=NOW - timedelta(seconds=seconds)
    )


def test_outbox_in_order_ends_with_ok_and_code_0(capsys, at_work):
    printed, code = run(capsys)

    assert (printed.splitlines()[-1], code) == ("OK", 0)
    assert "last tick                broker 4 s ago" in printed


@pytest.mark.parametrize(
    ("seconds", "word", "code"), [(59, "OK", 0), (61, "WARNING", 1), (301, "CRITICAL", 2)]
)
def test_late_message_warns_and_then_alarms(capsys, at_work, seconds, word, code):
    late(seconds)

    printed, found = run(capsys)

    assert (printed.splitlines()[-1].split()[0], found) == (word, code)
    assert f"due now                  1, the oldest for {seconds} s" in printed


def test_each_reason_has_a_line_the_worst_first(capsys, at_work):
    late(61)
    ChannelRest.objects.create(channel="Resend", since=NOW, until=NOW, refused=True)

    printed, code = run(capsys)

    assert [line.split()[0] for line in printed.splitlines()[-2:]] == ["CRITICAL", "WARNING"]
    assert code == 2


def test_json_says_the_same(capsys, at_work):
    late(61)

    printed, code = run(capsys, json=True)
    found = json.loads(printed)

    assert (found["level"], code) == ("warning", 1)
    assert [reason["level"] for reason in found["reasons"]] == ["warning"]
    assert found["due"] == {
        "count": 1,
        "oldest_seconds": 61,
        "by_age": {"under_1m": 0, "1m_to_5m": 1, "5m_to_1h": 0, "over_1h": 0},
    }
    assert (found["tick_age"], found["workers"], found["sent_last_hour"]) == (4, 1, 0)


def test_threshold_given_is_the_one_that_counts(capsys, at_work):
    late(61)

    assert run(capsys, due_warning=90)[1] == 0


def test_database_that_does_not_answer_is_critical_in_one_line(monkeypatch):
    def away():
        raise OperationalError("connection failed: password s3cret")

    monkeypatch.setattr(clock, "database_now", away)

    with pytest.raises(
        CommandError, match=r"^CRITICAL The database does not answer: OperationalError$"
    ) as told:
        call_command("outbox")

    assert told.value.returncode == 2


def test_engine_that_never_ran_is_critical(capsys, db):
    printed, code = run(capsys)

    assert code == 2
    assert "never" in printed
