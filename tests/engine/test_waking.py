"""A wake-up through a real broker, and what a save costs when there is none."""

import pytest

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


def test_broker_that_is_away_costs_a_save_no_more_than_a_moment(deployment):
    printed = deployment.manage("shell", "-c", WAKE, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    assert seconds(printed) < 1
