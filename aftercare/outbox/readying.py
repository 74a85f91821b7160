"""The next few messages of a claim, judged and written together, shortly before their turn.

Together, because a processor that has just written one message writes the next in two thirds of the time it
needs after a commit and a call. Shortly, because nothing read is believed for longer than a second.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError

from aftercare.outbox.channel import Channel
from aftercare.outbox.composing import CannotCompose, Composed, compose
from aftercare.outbox.concluding import conclude
from aftercare.outbox.doubting import Next, Repeat, take_up
from aftercare.outbox.loading import InHand
from aftercare.outbox.models import Attempt, ScheduledMessage, Status, Why
from aftercare.outbox.rechecking import Verdict, verdict
from aftercare.outbox.settling import new_attempt
from aftercare.outbox.superseding import overtaken, supersede_claimed
from aftercare.outbox.wire import Mail

log = structlog.get_logger(__name__)

TOGETHER = 10

Ready = tuple[Attempt, Mail]


class Readying:
    """Makes the tries of a claim's messages, and writes the end of each that may not or cannot be sent.

    ``settle`` is called before such an end is written.
    """

    def __init__(self, channel: Channel, in_hand: InHand, *, settle: Callable[[], None]) -> None:
        self._channel, self._in_hand, self._settle = channel, in_hand, settle
        self._ready: dict[Any, Ready | None] = {}

    def take(self, queue: Sequence[ScheduledMessage], *, now: datetime) -> Ready | None:
        """The try of the queue's first message, opened at ``now``, and its mail.

        None if it may not or cannot be sent: then its end is written, unless it is no longer ours.
        """
        message_id = queue[0].pk
        if self._in_hand.must_read(message_id, now=now):
            self._ready.clear()
        if message_id not in self._ready:
            self._ready = {each.pk: self._make(each.pk, now) for each in queue[:TOGETHER]}
        self._in_hand.let_go(message_id)
        ready = self._ready.pop(message_id)
        if ready is not None:
            ready[0].opened_at = now
        return ready

    def _make(self, message_id: Any, now: datetime) -> Ready | None:
        message = self._in_hand.take(message_id, now=now)
        if message is None:
            return None
        no = verdict(message, suppressed=self._in_hand.is_suppressed(message), now=now)
        how = take_up(message, provider=self._channel.name, now=now) if message.in_doubt and not no else None
        if how is Next.ASK_STAFF:
            no = Verdict(Status.UNCONFIRMED, Why.ANSWER_LOST)
        if no:
            self._end(message, no.to, no.why, now=now)
            return None
        if newer := overtaken(message):
            self._settle()
            supersede_claimed(message, newer, now=now)
            return None
        return self._written(message, how if isinstance(how, Repeat) else None, now)

    def _written(self, message: ScheduledMessage, repeat: Repeat | None, now: datetime) -> Ready | None:
        """None when it cannot be written: then this message fails, alone, and says why."""
        try:
            composed = repeat.composed if repeat else self._compose(message, now)
            key = repeat.key if repeat else None
            attempt = new_attempt(message, composed, provider=self._channel.name, key=key, now=now)
            email = composed.copy.as_email()
            self._channel.prepare(email, attempt)
            return attempt, email
        except CannotCompose as error:
            self._end(message, Status.FAILED, error.why, now=now, detail=str(error))
        except DatabaseError:
            raise
        except Exception as error:
            # A defect of ours must cost one message and be seen, not stop a clinic's mail.
            log.exception("message_not_composed", message=str(message.pk))
            self._end(message, Status.FAILED, Why.CANNOT_COMPOSE, now=now, detail=type(error).__name__)
        return None

    def _compose(self, message: ScheduledMessage, now: datetime) -> Composed:
        return compose(message, text_for=self._in_hand.text_for, now=now)

    def _end(
        self, message: ScheduledMessage, to: Status, why: Why, *, now: datetime, detail: str = ""
    ) -> None:
        self._settle()
        if message.in_doubt and to == Status.FAILED:
            to = Status.UNCONFIRMED
        token = message.claim_token
        conclude(message, to=to, frm=Status.CLAIMED, token=token, now=now, why=why, detail=detail)
