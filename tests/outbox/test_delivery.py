"""What became of a message, from everything that was reported of it."""

from datetime import timedelta
from itertools import permutations

import pytest

from aftercare.outbox.delivery import delivery_of
from aftercare.outbox.models import DeliveryEvent
from tests.factories import ENDED_AT


def event(event_type, minute=0, permanent=None):
    at = ENDED_AT + timedelta(minutes=minute)
    return DeliveryEvent(event_type=event_type, happened_at=at, received_at=at, permanent=permanent)


@pytest.mark.parametrize(
    ("events", "delivery"),
    [
        ([event("queued"), event("sent", 1)], None),
        ([event("sent"), event("deferred", 1)], "deferred"),
        ([event("deferred", 5), event("delivered", 1)], "delivered"),
        ([event("bounced", 1, permanent=False), event("delivered", 2)], "delivered"),
        ([event("delivered", 1), event("bounced", 2, permanent=False)], "bounced"),
        ([event("bounced", 1, permanent=True), event("delivered", 2)], "bounced"),
        ([event("bounced", 1), event("delivered", 2)], "bounced"),
        ([event("rejected", 1), event("bounced", 2, permanent=True)], "bounced"),
        ([event("failed"), event("delivered", 1)], "rejected"),
        ([event("delivered", 9), event("unsubscribed", 2)], "unsubscribed"),
        ([event("complained", 1), event("unsubscribed", 2), event("delivered", 3)], "complained"),
    ],
)
def test_delivery_is_the_same_in_every_order(events, delivery):
    found = {delivery_of(order) for order in permutations(events)}

    assert len(found) == 1
    assert (found.pop() or (None,))[0] == delivery


def test_delivery_has_the_time_of_the_report_that_counts():
    delivered = event("delivered", 7)

    assert delivery_of([event("deferred", 9), delivered]) == ("delivered", delivered.happened_at)


def test_delivery_has_the_time_of_arrival_where_the_service_gives_none():
    report = event("delivered")
    report.happened_at = None

    assert delivery_of([report]) == ("delivered", report.received_at)
