"""What the benchmarks count, and that the peers' message is the engine's own."""

import json
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.template import Context, Engine

from aftercare.outbox import sending
from aftercare.outbox.clock import database_now
from aftercare.outbox.composing import reproduce
from aftercare.outbox.models import Attempt, ScheduledMessage, Status
from benchmarks.copying import write_copy
from benchmarks.memory import Sample, by_fifths
from benchmarks.phases import Phases
from benchmarks.site import forget_messages, make_due, make_places
from benchmarks.watching import NeverFinished, SentTwice, Watch


@pytest.fixture
def attempt(db):
    """The try at a message that our engine sent."""
    make_due(make_places(1), 1)
    sending.drain(deadline=database_now() + timedelta(minutes=1))
    return Attempt.objects.get()


@pytest.mark.any_database
@pytest.mark.parametrize("part", ["subject", "text", "html"])
def test_peers_message_filled_by_django_is_the_engines_copy(attempt, tmp_path, part):
    write_copy(attempt, tmp_path)
    letter = json.loads((tmp_path / "copy.json").read_text())

    filled = Engine().from_string(letter[part]).render(Context(letter["values"]))

    assert filled == getattr(reproduce(attempt), part)


@pytest.mark.any_database
def test_peers_message_has_a_placeholder_for_each_value_that_differs(attempt, tmp_path):
    size = write_copy(attempt, tmp_path)

    letter = json.loads((tmp_path / "copy.json").read_text())
    assert "{{ patient.first_name }}" in letter["text"]
    assert "{{ links.unsubscribe }}" in letter["html"]
    assert size.peers_placeholders > 20
    assert size.text > 20_000


def test_due_messages_fall_due_one_after_the_other_and_for_each_place_in_turn(db):
    places, start = make_places(2), database_now()

    make_due(places, 3, due_at=start, spread=timedelta(seconds=5))

    rows = list(ScheduledMessage.objects.order_by("due_at"))
    assert [(row.due_at - start).total_seconds() for row in rows] == [0, 5, 10]
    assert [row.clinic for row in rows] == [places[0].clinic, places[1].clinic, places[0].clinic]
    assert {row.status for row in rows} == {Status.SCHEDULED}


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_round_begins_without_the_messages_of_the_one_before():
    make_due(make_places(1), 2)

    forget_messages()

    assert not ScheduledMessage.objects.exists()


class SinkOf:
    """Says at each look how many messages it has taken by then."""

    def __init__(self, *counts):
        self.counts = list(counts)

    def taken(self):
        return self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]


def test_rate_counts_from_the_first_message_to_the_last(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(time, "sleep", lambda _seconds: setattr(clock, "now", clock.now + 1))
    watch = Watch(SinkOf(7, 7, 7, 8, 10, 17, 17), list)

    measured = watch.until(10, settled=lambda: True)

    assert measured.rate == pytest.approx(9 / 2)  # one when it first looked up, ten two seconds later
    assert measured.wall == 4


def test_watch_gives_up_when_messages_are_missing():
    watch = Watch(SinkOf(0, 1), list)

    with pytest.raises(NeverFinished, match="1 of 2 messages"):
        watch.until(2, settled=lambda: True, seconds=0.1)


def test_watch_refuses_a_copy_too_many():
    watch = Watch(SinkOf(0, 3), list)

    with pytest.raises(SentTwice, match="3 messages where 2 were due"):
        watch.until(2, settled=lambda: True)


def test_phase_is_not_charged_for_what_it_calls_in_another(db, monkeypatch):
    clock, phases = SimpleNamespace(now=100.0), Phases()
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    inner = phases.timed("inner", lambda: setattr(clock, "now", clock.now + 3))

    def work():
        clock.now += 1
        inner()
        inner()

    with phases.running():
        phases.timed("outer", work)()

    assert (phases.spent["outer"].wall, phases.spent["inner"].wall) == (1, 6)
    assert (phases.spent["outer"].calls, phases.spent["inner"].calls) == (1, 2)


def test_statements_are_charged_to_the_phase_that_runs_them(db):
    phases = Phases()
    asking = phases.timed("asking", database_now)

    with phases.running():
        asking()

    assert phases.spent["asking"].statements == 1
    assert phases.spent["other"].statements == 0


def test_memory_is_the_mean_of_each_fifth_of_the_messages():
    samples = [Sample(sent=n * 10, largest=n, together=2 * n) for n in range(1, 11)]

    fifths = by_fifths(samples, 100)

    assert [row["largest process, MB"] for row in fifths] == [1.5, 3.5, 5.5, 7.5, 9.5]
    assert [row["all processes, MB"] for row in fifths] == [3, 7, 11, 15, 19]
