"""The call to the mail service, made alike for patients' messages and for notices to staff."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings

from aftercare.outbox import clock
from aftercare.outbox.channel import CALLS_A_MESSAGE, Channel
from aftercare.outbox.deciding import (
    ChannelRefused,
    Decision,
    NotSent,
    Refused,
    Sent,
    decide,
    decide_opening,
    words_of,
)
from aftercare.outbox.providers import has_answer
from aftercare.outbox.resting import rest
from aftercare.outbox.settling import Result
from aftercare.outbox.wire import Mail

log = structlog.get_logger(__name__)


def call_time() -> timedelta:
    """The longest that handing over one message may take."""
    return timedelta(seconds=settings.PROVIDER_TIMEOUT_SECONDS * CALLS_A_MESSAGE)


def lease_time() -> timedelta:
    """A claim's length: as set, but always enough for two calls, so that every batch gets somewhere."""
    return max(timedelta(seconds=settings.LEASE_SECONDS), 2 * call_time())


def lasts(lease_until: datetime | None, now: datetime) -> bool:
    """Whether a call begun now ends within the lease."""
    return lease_until is not None and now + call_time() < lease_until


def connect(channel: Channel) -> bool:
    """Connects, unless connected; a service that cannot be reached rests, as nothing has left."""
    try:
        channel.open()
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing has left
        outcome = decide_opening(error)
        log.warning("mail_service_unreachable", service=channel.name, error=type(error).__name__)
        rest(channel.name, outcome, said=words_of(error), now=clock.database_now())
        return False
    return True


def call(channel: Channel, email: Mail, *, now: datetime, **ids: Any) -> Result:
    """Hands over one prepared mail and says what came of it. ``ids`` name it in the log."""
    try:
        return Result(Sent(channel.hand_over(email)))
    except Exception as error:  # noqa: BLE001 - what is not understood is Unknown, and is settled as such
        outcome = decide(error, provider=channel.name, now=now, answered=has_answer(email))
        if not isinstance(outcome, Refused | Sent):
            channel.close()
        name = type(error).__name__
        log.warning("message_not_taken", **ids, outcome=type(outcome).__name__, error=name)
        return Result(outcome, error=name, detail=words_of(error))


def is_trouble(outcome: Sent | Decision) -> bool:
    """Whether the service, or this sender's mail through it, should be left alone now."""
    return isinstance(outcome, ChannelRefused) or (isinstance(outcome, NotSent) and outcome.whole_channel)
