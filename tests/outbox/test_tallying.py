"""Numbers that only grow: counted here, added there, and read as monitors want them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from aftercare.outbox import tallying
from aftercare.outbox.models import Tally
from aftercare.outbox.tallying import (
    ATTEMPTS,
    LATENCY,
    Tallies,
    cumulative,
    forget_slots,
    sent_since,
    tallies,
)

MINUTE = timedelta(minutes=1)


def sent(count):
    counted = Tallies()
    counted.count(ATTEMPTS, "sent", by=count)
    counted.flush()


@pytest.mark.django_db
def test_flushes_add_up(at):
    counted = Tallies()
    counted.count(ATTEMPTS, "refused")
    counted.count(ATTEMPTS, "refused", by=2)
    counted.flush()
    counted.count(ATTEMPTS, "refused")
    counted.flush()

    assert tallies() == {ATTEMPTS: {"refused": 4}}


@pytest.mark.django_db
def test_flush_is_one_statement_and_an_empty_one_none(at, django_assert_num_queries):
    counted = Tallies()
    for seconds in range(100):
        counted.observe_latency(seconds)

    with django_assert_num_queries(1):
        counted.flush()
        counted.flush()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seconds", "bucket"), [(-3, "1"), (0, "1"), (1, "1"), (1.1, "2"), (3600, "3600"), (3601, "+Inf")]
)
def test_time_is_counted_in_the_bucket_that_it_does_not_exceed(at, seconds, bucket):
    counted = Tallies()
    counted.observe_latency(seconds)
    counted.flush()

    assert tallies()[LATENCY] == {bucket: 1, "sum": max(seconds, 0)}


def test_histogram_without_times_is_all_zero():
    assert {count for _bound, count in cumulative({})} == {0}


def test_histogram_is_cumulative_up_to_everything():
    assert cumulative({"1": 2, "60": 1, "+Inf": 4})[-1] == ("+Inf", 7)


@pytest.mark.django_db
def test_database_that_will_not_take_them_costs_no_count_and_no_error(at, monkeypatch, caplog):
    counted = Tallies()
    counted.count(ATTEMPTS, "sent")
    with monkeypatch.context() as broken:
        broken.setattr(tallying, "_add", lambda counts: (_ for _ in ()).throw(DatabaseError()))
        counted.flush()

    counted.flush()

    assert tallies() == {ATTEMPTS: {"sent": 1}}
    assert "tallies_not_written" in caplog.text


@pytest.mark.django_db
def test_rate_is_of_the_time_asked_for(at):
    sent(7)
    at.pass_(minutes=30)
    sent(5)
    at.pass_(seconds=5)

    assert sent_since(at.now - MINUTE) == 5
    assert sent_since(at.now - 60 * MINUTE) == 12
    assert sent_since(at.pass_(minutes=2) - MINUTE) == 0


@pytest.mark.django_db
def test_slots_are_forgotten_after_two_hours_and_counters_never(at):
    sent(7)
    forget_slots(now=at.pass_(minutes=119))
    kept = sent_since(at.now - timedelta(hours=3))
    forget_slots(now=at.pass_(minutes=2))

    assert (kept, sent_since(at.now - timedelta(hours=3))) == (7, 0)
    assert tallies() == {ATTEMPTS: {"sent": 7}}


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_senders_that_flush_at_once_lose_nothing_and_never_deadlock():
    def flush_often(order):
        try:
            for _ in range(50):
                counted = Tallies()
                for label in order:
                    counted.count("name", label)
                counted.flush()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(flush_often, ["abcdef", "fedcba", "cafebd", "bdface"]))

    assert {row.value for row in Tally.objects.filter(name="name")} == {200}
