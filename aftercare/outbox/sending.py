"""The drain: claims what is due and hands it to the mail service, each message in doubt for one call only.

A message's life here: claimed → rechecked → composed → ``sending`` committed with the frozen copy → the call,
outside any transaction → settled at once. A sender that dies leaves at most one message that may or may not
have left; the rest of its batch comes back when the lease is over.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError

from aftercare.outbox import clock
from aftercare.outbox.channel import Channel
from aftercare.outbox.claiming import claim
from aftercare.outbox.composing import CannotCompose, Composed, compose
from aftercare.outbox.concluding import conclude
from aftercare.outbox.deciding import (
    ChannelRefused,
    Decision,
    NotSent,
    Refused,
    Sent,
    Unknown,
    channel_pause,
    decide,
    decide_opening,
    words_of,
)
from aftercare.outbox.loading import InHand
from aftercare.outbox.models import Attempt, ScheduledMessage, Status, Why
from aftercare.outbox.rechecking import verdict
from aftercare.outbox.settling import Result, open_attempt, persistently, settle
from aftercare.outbox.transitions import move_all

log = structlog.get_logger(__name__)

CALLS_A_MESSAGE = 4
"""MAIL, RCPT, DATA and its text may each wait for the time-out before the call is over."""
DOUBTS_A_BATCH = 2
"""After so many lost answers in a row the batch rests: each further try might be one more in doubt."""

SHORTEST_REST = timedelta(seconds=5)
"""For a message whose window does not allow the whole pause of a service in trouble."""


def drain(*, deadline: datetime) -> int:
    """Sends what is due, chunk after chunk, until nothing is, the service is in trouble or time is up.

    Returns how many messages it took in hand. A call under way at ``deadline`` is finished first.
    """
    handled = 0
    while clock.database_now() < deadline:
        chunk = claim(limit=settings.CLAIM_CHUNK, lease=lease_time())
        handled += len(chunk)
        finished = _send_batch(chunk, deadline=deadline)
        if not finished or len(chunk) < settings.CLAIM_CHUNK:
            break
    return handled


def call_time() -> timedelta:
    """The longest that handing over one message may take."""
    return timedelta(seconds=settings.PROVIDER_TIMEOUT_SECONDS * CALLS_A_MESSAGE)


def lease_time() -> timedelta:
    """A claim's length: as set, but always enough for two calls, so that every batch gets somewhere."""
    return max(timedelta(seconds=settings.LEASE_SECONDS), 2 * call_time())


def _send_batch(chunk: list[ScheduledMessage], *, deadline: datetime) -> bool:
    """Sends a claimed chunk over one connection. False if its rest was given back."""
    channel, in_hand, doubts = Channel(), InHand(chunk), 0
    try:
        for position, claimed in enumerate(chunk):
            rest = chunk[position:]
            if trouble := _trouble_opening(channel):
                return _give_back(rest, trouble)
            now = clock.database_now()
            if not _time_for_one(claimed, deadline, now):
                return _give_back(rest)
            message = in_hand.take(claimed.pk, now=now)
            outcome = _send_one(message, in_hand, channel, now) if message else None
            doubts = doubts + 1 if isinstance(outcome, Unknown) else 0
            if doubts >= DOUBTS_A_BATCH or _stops_the_batch(outcome):
                return _give_back(rest[1:], outcome)
        return True
    finally:
        _close(channel)


def _send_one(
    message: ScheduledMessage, in_hand: InHand, channel: Channel, now: datetime
) -> Sent | Decision | None:
    """None if the message was not handed over: not to be sent after all, or no longer ours."""
    if no := verdict(message, suppressed=in_hand.is_suppressed(message), now=now):
        _conclude(message, no.to, no.why, now=now)
        return None
    composed = _composed(message, in_hand, now)
    if composed is None:
        return None
    email = composed.copy.as_email()
    attempt = open_attempt(message, composed, provider=channel.name, now=now)
    if attempt is None:
        return None
    result = _call(channel, email, attempt)
    persistently(lambda: settle(attempt, result, now=clock.database_now()))
    return result.outcome


def _composed(message: ScheduledMessage, in_hand: InHand, now: datetime) -> Composed | None:
    """The copy, or None when it cannot be written: then this message fails, alone, and says why."""
    try:
        return compose(message, text_for=in_hand.text_for, now=now)
    except CannotCompose as error:
        _conclude(message, Status.FAILED, error.why, now=now, detail=str(error))
    except DatabaseError:
        raise
    except Exception as error:
        # A defect of ours must cost one message and be seen, not stop a clinic's mail.
        log.exception("message_not_composed", message=str(message.pk))
        _conclude(message, Status.FAILED, Why.CANNOT_COMPOSE, now=now, detail=type(error).__name__)
    return None


def _call(channel: Channel, email: EmailMultiAlternatives, attempt: Attempt) -> Result:
    try:
        return Result(Sent(channel.hand_over(email, message_id=str(attempt.message_id))))
    except Exception as error:  # noqa: BLE001 - what is not understood is Unknown, and must be settled as such
        outcome = decide(error, now=attempt.opened_at)
        if not isinstance(outcome, Refused):
            _close(channel)
        name = type(error).__name__
        log.warning("message_not_taken", attempt=attempt.pk, outcome=type(outcome).__name__, error=name)
        return Result(outcome, error=name, detail=words_of(error))


def _trouble_opening(channel: Channel) -> NotSent | ChannelRefused | None:
    try:
        channel.open()
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing has left
        log.warning("mail_service_unreachable", service=channel.name, error=type(error).__name__)
        return decide_opening(error)
    return None


def _stops_the_batch(outcome: Sent | Decision | None) -> bool:
    return isinstance(outcome, ChannelRefused) or (isinstance(outcome, NotSent) and outcome.whole_channel)


def _time_for_one(claimed: ScheduledMessage, deadline: datetime, now: datetime) -> bool:
    """Whether a call begun now ends within the lease, and the drain's own time is not over."""
    return now < deadline and claimed.lease_until is not None and now + call_time() < claimed.lease_until


def _give_back(rest: list[ScheduledMessage], outcome: Sent | Decision | None = None) -> bool:
    """What was not begun is scheduled again, to rest a while if the service is in trouble. Always False."""
    now = clock.database_now()
    mine = ScheduledMessage.objects.filter(
        pk__in=[message.pk for message in rest],
        status=Status.CLAIMED,
        claim_token__in={message.claim_token for message in rest},
    )
    if outcome is not None:
        why = Why.CHANNEL_REFUSED if isinstance(outcome, ChannelRefused) else Why.WAITING_TO_RETRY
        later = now + channel_pause(getattr(outcome, "retry_after", None))
        move_all(mine.filter(latest_at__gte=later), to=Status.SCHEDULED, now=now, why=why, due_at=later)
        move_all(mine, to=Status.SCHEDULED, now=now, why=why, due_at=now + SHORTEST_REST)
    else:
        move_all(mine, to=Status.SCHEDULED, now=now)
    return False


def _conclude(message: ScheduledMessage, to: Status, why: Why, *, now: datetime, detail: str = "") -> None:
    token = message.claim_token
    conclude(message, to=to, frm=Status.CLAIMED, now=now, token=token, why=why, detail=detail)


def _close(channel: Channel) -> None:
    try:
        channel.close()
    except OSError as error:  # also Requests' and smtplib's: a farewell that failed changes nothing
        log.info("mail_service_not_closed", error=type(error).__name__)
