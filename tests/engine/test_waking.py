"""A wake-up through a real broker, and what a save costs when there is none."""

import pytest
from kombu import Connection, Consumer, Queue

from tests.services.processes import free_port

pytestmark = pytest.mark.services

WAKE = """
import time
from aftercare.outbox.waking import wake
started = time.monotonic()
wake()
print("seconds:", time.monotonic() - started)
"""


def seconds(printed):
    return float(printed.partition("seconds:")[2])


def test_wake_up_reaches_the_broker(deployment, redis):
    deployment.manage("shell", "-c", WAKE)

    with redis.client() as client:
        assert client.llen("celery") == 1


@pytest.mark.on_time
def test_broker_that_is_away_costs_a_save_no_more_than_a_moment(deployment):
    printed = deployment.manage("shell", "-c", WAKE, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    assert seconds(printed) < 1


def test_wake_up_in_hand_when_the_broker_goes_does_not_end_its_worker(redis):
    """A worker ends when closing its channel raises what is no error of the connection."""
    lost = Connection(redis.url)
    lost.Producer().publish({}, routing_key="wake", declare=[Queue("wake")])
    channel = lost.default_channel
    Consumer(channel, Queue("wake"), callbacks=[lambda *_: None]).consume()
    lost.drain_events(timeout=5)

    redis.process.kill()
    lost.transport.client = None  # as after a first closing that failed half-way

    channel.close()
