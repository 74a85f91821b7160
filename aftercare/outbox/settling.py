"""Writing down a try before it is made, and what came of it."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from aftercare.clinics.instances import new, refer
from aftercare.outbox.composing import Composed
from aftercare.outbox.concluding import conclude
from aftercare.outbox.deciding import ChannelRefused, Decision, NotSent, Refused, Sent, pause
from aftercare.outbox.doubting import Next, next_for
from aftercare.outbox.models import Attempt, AttemptOutcome, ScheduledMessage, Status, Why
from aftercare.outbox.proving import prove
from aftercare.outbox.transitions import move

DATABASE_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)  # seconds


@dataclass(frozen=True)
class Result:
    """What a try came to, with the service's own words for staff.

    ``rest_until``: when the service is in trouble, the end of its rest; nothing is tried before.
    """

    outcome: Sent | Decision
    error: str = ""
    detail: str = ""
    rest_until: datetime | None = None


OUTCOMES = {
    Sent: AttemptOutcome.SENT,
    NotSent: AttemptOutcome.NOT_SENT,
    ChannelRefused: AttemptOutcome.NOT_SENT,
    Refused: AttemptOutcome.REFUSED,
}


def new_attempt(
    message: ScheduledMessage,
    composed: Composed,
    *,
    provider: str,
    key: uuid.UUID | None = None,
    now: datetime,
) -> Attempt:
    """The try that is about to be made, with its frozen copy; not written yet.

    ``key``: the idempotency key of the try that this one repeats; else a new one.
    """
    attempt = new(
        Attempt,
        message_id=message.pk,
        number=message.attempt_count + 1,
        opened_at=now,
        provider=provider,
        idempotency_key=key or uuid.uuid4(),
        compiled_id=composed.compiled.pk,
        values=composed.values,
        headers=dict(composed.copy.headers),
        digest=composed.copy.digest,
    )
    refer(attempt, message=message, compiled=composed.compiled)
    return attempt


def open_attempt(attempt: Attempt) -> bool:
    """Commits the try, so that it is known whatever happens next.

    False if the message is no longer ours; then it must not be sent.
    """
    message = attempt.message
    with transaction.atomic():
        ours = move(
            message.pk,
            to=Status.SENDING,
            frm=Status.CLAIMED,
            now=attempt.opened_at,
            token=message.claim_token,
            attempt_count=attempt.number,
        )
        if ours:
            attempt.save(force_insert=True)
        return ours


def settle(attempt: Attempt, result: Result, *, now: datetime) -> bool:
    """Writes what came of the try and moves its message on. False if it was settled before.

    Then nothing changes, save that an answer which comes late still proves that the service has the message.
    """
    outcome, message = result.outcome, attempt.message
    with transaction.atomic():
        if not close_attempt(attempt, result, now=now):
            return isinstance(outcome, Sent) and _prove_late(attempt, outcome, now)
        if isinstance(outcome, Sent):
            provider_id = outcome.provider_message_id
            return _move(message, Status.SENT, now, provider_message_id=provider_id, in_doubt=False)
        if isinstance(outcome, Refused):
            return _fail(message, Why.REFUSED, result.detail, now)
        if isinstance(outcome, NotSent | ChannelRefused):
            return _try_later(message, attempt.number, result, now)
        replayable = outcome.replayable
        return settle_unknown(
            attempt, why=Why.ANSWER_LOST, detail=result.detail, replayable=replayable, now=now
        )


def outcome_of(result: Result) -> AttemptOutcome:
    """What the try itself is said to have come to."""
    return OUTCOMES.get(type(result.outcome), AttemptOutcome.UNKNOWN)


def close_attempt(attempt: Attempt, result: Result, *, now: datetime) -> bool:
    return bool(
        Attempt.objects.filter(pk=attempt.pk, outcome=AttemptOutcome.OPEN).update(
            outcome=outcome_of(result),
            closed_at=max(now, attempt.opened_at),
            error=result.error[:120],
            error_detail=result.detail,
            provider_message_id=getattr(result.outcome, "provider_message_id", ""),
        )
    )


def settle_unknown(
    attempt: Attempt, *, why: Why, detail: str = "", replayable: bool = True, now: datetime
) -> bool:
    """sending → unknown → whatever is known to be safe (see :mod:`aftercare.outbox.doubting`)."""
    message = attempt.message
    with transaction.atomic():
        if not _move(message, Status.UNKNOWN, now, why=why, detail=detail, in_doubt=True):
            return False
        step = next_for(attempt, replayable=replayable, now=now)
        if step.next is Next.PROVEN:
            return prove(_stored(message), attempt, now=now)
        if step.again_at is not None:
            to, due_at = Status.SCHEDULED, step.again_at
            return move(message.pk, to=to, frm=Status.UNKNOWN, now=now, why=why, due_at=due_at)
        return conclude(message, to=Status.UNCONFIRMED, frm=Status.UNKNOWN, now=now, why=why, detail=detail)


def persistently(write: Callable[[], Any]) -> Any:
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


def _prove_late(attempt: Attempt, outcome: Sent, now: datetime) -> bool:
    known = outcome.provider_message_id
    return prove(_stored(attempt.message), attempt, provider_message_id=known, now=now)


def _stored(message: ScheduledMessage) -> ScheduledMessage:
    """As it is now, locked: a proof must not be lost because somebody claims it in the same moment."""
    return ScheduledMessage.objects.select_for_update(of=("self",)).get(pk=message.pk)


def _try_later(message: ScheduledMessage, tries: int, result: Result, now: datetime) -> bool:
    asked = getattr(result.outcome, "retry_after", None)
    due_at = max(now + pause(tries, asked=asked), result.rest_until or now)
    if result.rest_until is not None and not asked:
        due_at = result.rest_until
    if due_at > message.latest_at:
        return _fail(message, Why.RETRIES_SPENT, result.detail, now)
    refused = isinstance(result.outcome, ChannelRefused)
    why = Why.CHANNEL_REFUSED if refused else Why.WAITING_TO_RETRY
    return _move(message, Status.SCHEDULED, now, why=why, detail=result.detail, due_at=due_at)


def _fail(message: ScheduledMessage, why: Why, detail: str, now: datetime) -> bool:
    """Failed; but of a message that may have left at an earlier try, that is not known."""
    given: dict[str, Any] = {"frm": Status.SENDING, "token": message.claim_token, "now": now}
    if not message.in_doubt:
        return conclude(message, to=Status.FAILED, why=why, detail=detail, **given)
    with transaction.atomic():
        if not _move(message, Status.UNKNOWN, now, why=why, detail=detail):
            return False
        return conclude(message, to=Status.UNCONFIRMED, frm=Status.UNKNOWN, now=now, why=why, detail=detail)


def _move(message: ScheduledMessage, to: Status, now: datetime, **fields: Any) -> bool:
    return move(message.pk, to=to, frm=Status.SENDING, now=now, token=message.claim_token, **fields)
