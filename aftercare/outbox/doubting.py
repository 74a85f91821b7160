"""What may be done about a message of which nobody knows whether it left. Never a blind second copy.

In this order: the mail service has reported about it, so it has it; the service recognises a repeated try by
its idempotency key, so the very same try is made again; the step says that a second copy does less harm than
none; else staff decide.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import random
from uuid import UUID

from aftercare.clinics.addresses import comparable
from aftercare.content.problems import ContentError
from aftercare.outbox.composing import Composed, NotTheCopySent, reproduce
from aftercare.outbox.models import Attempt, AttemptOutcome, DeliveryEvent, ScheduledMessage
from aftercare.outbox.providers import key_lifetime
from aftercare.protocols.models import UnknownPolicy

SEND_AGAIN_AFTER = timedelta(minutes=15)
FIRST_REPEAT, LONGEST_REPEAT = timedelta(seconds=5), timedelta(minutes=10)
KEY_MARGIN = timedelta(minutes=2)
"""A key is not used so shortly before the service forgets it: clocks differ, and a call takes time."""


class Next(StrEnum):
    """What follows."""

    PROVEN = "proven"
    REPEAT = "repeat"
    SEND_AGAIN = "send_again"
    ASK_STAFF = "ask_staff"


@dataclass(frozen=True)
class Step:
    """What follows, and when, if it is a try."""

    next: Next
    again_at: datetime | None = None


@dataclass(frozen=True)
class Repeat:
    """The very same try once more: its copy to the byte, and its key."""

    composed: Composed
    key: UUID


def next_for(
    attempt: Attempt, *, replayable: bool = True, now: datetime, draw: Callable[[], float] = random
) -> Step:
    """What follows a try whose answer was lost, and which is closed. No try is made after the window.

    ``replayable``: whether the service would still recognise the very same try.
    """
    message = ScheduledMessage.objects.select_related("step").get(pk=attempt.message_id)
    if message.delivery or message.delivery_events.filter(verdict=DeliveryEvent.Verdict.APPLIED).exists():
        return Step(Next.PROVEN)
    lost = _lost_tries(message)
    same = [each for each in lost if each.idempotency_key == attempt.idempotency_key]
    again_at = now + min(LONGEST_REPEAT, FIRST_REPEAT * 2 ** min(len(same) - 1, 16)) * (0.5 + draw() / 2)
    if replayable and again_at <= message.latest_at and again_at < _key_ends_at(same):
        return Step(Next.REPEAT, again_at)
    again_at = now + SEND_AGAIN_AFTER
    if _may_go_twice(message, lost) and again_at <= message.latest_at:
        return Step(Next.SEND_AGAIN, again_at)
    return Step(Next.ASK_STAFF)


def take_up(message: ScheduledMessage, *, provider: str, now: datetime) -> Repeat | Next:
    """How a message in doubt, whose turn has come again, may go: a Repeat, or SEND_AGAIN or ASK_STAFF."""
    lost = _lost_tries(message)
    same = [each for each in lost if each.idempotency_key == lost[-1].idempotency_key]
    if same and _same_way(same[0], message, provider) and now < _key_ends_at(same):
        with suppress(NotTheCopySent, ContentError):
            copy = reproduce(same[0])
            return Repeat(Composed(copy, same[0].compiled, same[0].values), same[0].idempotency_key)
    return Next.SEND_AGAIN if _may_go_twice(message, lost) else Next.ASK_STAFF


def _same_way(attempt: Attempt, message: ScheduledMessage, provider: str) -> bool:
    """Whether it would go to the patient's present address, through the service that knows its key."""
    return attempt.provider == provider and attempt.recipient == comparable(message.patient.email)


def _lost_tries(message: ScheduledMessage) -> list[Attempt]:
    rows = message.attempts.filter(outcome=AttemptOutcome.UNKNOWN).select_related("compiled")
    return list(rows.order_by("number"))


def _key_ends_at(tries: Sequence[Attempt]) -> datetime:
    """Until when the service surely recognises the key of these tries; the past if it knows no keys."""
    first = tries[0]
    return first.opened_at + (key_lifetime(first.provider) or timedelta()) - KEY_MARGIN


def _may_go_twice(message: ScheduledMessage, lost: Sequence[Attempt]) -> bool:
    """If its step says so, and only once: of a second copy without an answer staff must know."""
    keys = {each.idempotency_key for each in lost}
    return message.step.unknown_policy == UnknownPolicy.SEND_AGAIN and len(keys) == 1
