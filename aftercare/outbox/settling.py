"""Writing down a try before it is made, and what came of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from aftercare.outbox.composing import Composed
from aftercare.outbox.concluding import conclude
from aftercare.outbox.deciding import ChannelRefused, Decision, NotSent, Refused, Sent, channel_pause, pause
from aftercare.outbox.models import Attempt, AttemptOutcome, ScheduledMessage, Status, Why
from aftercare.outbox.transitions import move
from aftercare.protocols.models import UnknownPolicy

SEND_AGAIN_AFTER = timedelta(minutes=15)
DATABASE_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)  # seconds


@dataclass(frozen=True)
class Result:
    """What a try came to, with the service's own words for staff."""

    outcome: Sent | Decision
    error: str = ""
    detail: str = ""


OUTCOMES = {
    Sent: AttemptOutcome.SENT,
    NotSent: AttemptOutcome.NOT_SENT,
    ChannelRefused: AttemptOutcome.NOT_SENT,
    Refused: AttemptOutcome.REFUSED,
}


def open_attempt(
    message: ScheduledMessage, composed: Composed, *, provider: str, now: datetime
) -> Attempt | None:
    """Commits the try with its frozen copy, so that it is known whatever happens next.

    None if the message is no longer ours; then it must not be sent.
    """
    number = message.attempt_count + 1
    with transaction.atomic():
        ours = move(
            message.pk,
            to=Status.SENDING,
            frm=Status.CLAIMED,
            now=now,
            token=message.claim_token,
            attempt_count=number,
        )
        if not ours:
            return None
        return Attempt.objects.create(
            message=message,
            number=number,
            opened_at=now,
            provider=provider,
            compiled=composed.compiled,
            values=composed.values,
            headers=dict(composed.copy.headers),
            digest=composed.copy.digest,
        )


def settle(attempt: Attempt, result: Result, *, now: datetime) -> bool:
    """Writes what came of the try and moves its message on. False, changing nothing, if settled before."""
    outcome, message = result.outcome, attempt.message
    with transaction.atomic():
        if not close_attempt(attempt, result, now=now):
            return False
        if isinstance(outcome, Sent):
            return _move(message, Status.SENT, now, provider_message_id=outcome.provider_message_id)
        if isinstance(outcome, Refused):
            return _fail(message, Why.REFUSED, result.detail, now)
        if isinstance(outcome, NotSent | ChannelRefused):
            return _try_later(message, attempt.number, result, now)
        return settle_unknown(message, why=Why.ANSWER_LOST, detail=result.detail, now=now)


def close_attempt(attempt: Attempt, result: Result, *, now: datetime) -> bool:
    return bool(
        Attempt.objects.filter(pk=attempt.pk, outcome=AttemptOutcome.OPEN).update(
            outcome=OUTCOMES.get(type(result.outcome), AttemptOutcome.UNKNOWN),
            closed_at=max(now, attempt.opened_at),
            error=result.error[:120],
            error_detail=result.detail,
            provider_message_id=getattr(result.outcome, "provider_message_id", ""),
        )
    )


def settle_unknown(message: ScheduledMessage, *, why: Why, detail: str = "", now: datetime) -> bool:
    """sending → unknown → by the step's policy: staff decide, or once more after a quarter of an hour.

    Only once, and not after the message's window.
    """
    with transaction.atomic():
        if not _move(message, Status.UNKNOWN, now, why=why, detail=detail):
            return False
        again_at = now + SEND_AGAIN_AFTER
        first = message.attempts.filter(outcome=AttemptOutcome.UNKNOWN).count() == 1
        policy = message.step.unknown_policy
        if policy == UnknownPolicy.SEND_AGAIN and first and again_at <= message.latest_at:
            return move(
                message.pk, to=Status.SCHEDULED, frm=Status.UNKNOWN, now=now, why=why, due_at=again_at
            )
        return conclude(message, to=Status.UNCONFIRMED, frm=Status.UNKNOWN, now=now, why=why, detail=detail)


def persistently(write: Callable[[], bool]) -> bool:
    """Writes what the mail service has said, though the database be away for some seconds.

    Given up, the row stays as it is and its lease will tell. Raises what the last try raised.
    """
    for seconds in DATABASE_PAUSES:
        try:
            return write()
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(seconds)
    return write()


def _try_later(message: ScheduledMessage, tries: int, result: Result, now: datetime) -> bool:
    asked = getattr(result.outcome, "retry_after", None)
    refused = isinstance(result.outcome, ChannelRefused)
    due_at = now + (channel_pause() if refused else pause(tries, asked=asked))
    if due_at > message.latest_at:
        return _fail(message, Why.RETRIES_SPENT, result.detail, now)
    why = Why.CHANNEL_REFUSED if refused else Why.WAITING_TO_RETRY
    return _move(message, Status.SCHEDULED, now, why=why, detail=result.detail, due_at=due_at)


def _fail(message: ScheduledMessage, why: Why, detail: str, now: datetime) -> bool:
    token = message.claim_token
    return conclude(
        message, to=Status.FAILED, frm=Status.SENDING, now=now, token=token, why=why, detail=detail
    )


def _move(message: ScheduledMessage, to: Status, now: datetime, **fields: Any) -> bool:
    return move(message.pk, to=to, frm=Status.SENDING, now=now, token=message.claim_token, **fields)
