"""Reports are stored once each, all of a post or none, and a judge is woken when they are."""

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from aftercare.outbox import tasks, waking
from aftercare.outbox.models import DeliveryEvent
from aftercare.outbox.tracking import store
from tests.factories import ENDED_AT

pytestmark = pytest.mark.django_db


def event(name, **over):
    fields = {"provider": "Postmark", "event_type": "delivered", "fingerprint": name, **over}
    return DeliveryEvent(received_at=ENDED_AT, **fields)


@pytest.fixture
def woken(monkeypatch):
    monkeypatch.setattr(waking, "_judge_woken_at", float("-inf"))
    published = []
    monkeypatch.setattr(tasks.judge_events, "apply_async", lambda *args, **kwargs: published.append(kwargs))
    return published


def test_reports_of_a_post_are_stored_in_one_insert():
    with CaptureQueriesContext(connection) as queries:
        store([event("a"), event("b")], now=ENDED_AT)

    assert sum("INSERT" in query["sql"] for query in queries) == 1
    assert DeliveryEvent.objects.count() == 2


def test_report_that_is_there_is_left_as_it_is():
    store([event("a", detail="first")], now=ENDED_AT)

    store([event("a", detail="second"), event("b"), event("b")], now=ENDED_AT)

    assert list(DeliveryEvent.objects.order_by("pk").values_list("fingerprint", "detail")) == [
        ("a", "first"),
        ("b", ""),
    ]


def test_no_reports_are_no_work(django_assert_num_queries):
    with django_assert_num_queries(0):
        store([], now=ENDED_AT)


def test_database_error_is_raised_so_that_the_service_reports_again(monkeypatch):
    def away(*args, **kwargs):
        raise DatabaseError

    monkeypatch.setattr(DeliveryEvent.objects, "bulk_create", away)

    with pytest.raises(DatabaseError):
        store([event("a")], now=ENDED_AT)


def test_judge_is_woken_on_commit_and_at_most_once_a_second(woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        store([event("a")], now=ENDED_AT)
        assert woken == []
    with django_capture_on_commit_callbacks(execute=True):
        store([event("b")], now=ENDED_AT)

    assert len(woken) == 1
