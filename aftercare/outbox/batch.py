"""One claimed chunk over one connection, each message in doubt for one call only.

A message's life here: claimed → rechecked → composed → ``sending`` committed with the frozen copy → the
call, outside any transaction → settled at once, in the commit that opens the next. A sender that dies leaves
at most one message that may or may not have left; the rest of its chunk comes back when the lease is over.
"""

import time
from collections import Counter
from dataclasses import replace
from datetime import datetime

from aftercare.outbox import clock, stopping
from aftercare.outbox.calling import call, connect, is_trouble, lasts
from aftercare.outbox.channel import Channel
from aftercare.outbox.claiming import Claim
from aftercare.outbox.deciding import ChannelRefused, NotSent, Sent, Unknown
from aftercare.outbox.limiting import give_back
from aftercare.outbox.loading import InHand, Shared
from aftercare.outbox.models import Attempt, AttemptOutcome, ScheduledMessage, Status
from aftercare.outbox.readying import Readying
from aftercare.outbox.relaying import Done, relay
from aftercare.outbox.resting import Rests, got_through, rest
from aftercare.outbox.settling import Result, outcome_of, persistently, settle
from aftercare.outbox.site_pause import site_paused
from aftercare.outbox.transitions import move_all
from aftercare.outbox.wire import Mail

SLOW_COMMIT = 1.0
"""Seconds; after a slower one (the database was away) the lease is looked at again before the call."""
DOUBTS_IN_A_ROW = 2
"""After so many lost answers in a row the service rests: each further try might be one more in doubt."""

lost_in_a_row: Counter[str] = Counter()
"""Answers that this process has lost, by mail service: one that hangs may cost a whole drain a message."""


class Batch:
    """A claimed chunk being sent. ``rests``: what is known of the mail service when it was claimed."""

    def __init__(self, claimed: Claim, channel: Channel, *, rests: Rests, shared: Shared) -> None:
        self._claimed_at, self._chunk = claimed.at, claimed.messages
        self._channel, self._rests = channel, rests
        self._in_hand = InHand(self._chunk, shared)
        self._readying = Readying(channel, self._in_hand, settle=self._settle_done)
        self._watch = clock.Watch()
        self._done: Done | None = None
        self._others_may_go = False
        self.begun = 0
        """How many messages were taken in hand, and not given back untouched."""
        self.results: list[tuple[AttemptOutcome, float]] = []
        """Of each try its outcome, and the seconds from when its message was due to the answer."""

    def send(self, *, deadline: datetime) -> bool:
        """Sends the chunk, or gives its rest back: when time is up, or the service is in trouble.

        Returns whether another chunk may be claimed now.
        """
        try:
            for claimed in self._chunk:
                # Connecting may take long, so not when nothing could be sent afterwards.
                connected = not _must_end(deadline, self._watch.now()) and connect(self._channel)
                now = self._watch.now()  # afterwards, because connecting may take long
                if not (connected and self._may_begin(claimed, deadline, now)):
                    self._give_back()
                    return False
                self.begun += 1
                if not self._send_next(now):
                    self._give_back()
                    return self._others_may_go
            return True
        finally:
            self._settle_done()
            del self._readying  # it knows this batch, and in a circle nothing read is let go of

    def _may_begin(self, claimed: ScheduledMessage, deadline: datetime, now: datetime) -> bool:
        """Not if a call begun now could outlast the lease, nor while everything is paused.

        Nor on another day (UTC) than that of the claim, whose limits it was counted against.
        """
        paused = self._in_hand.must_read(claimed.pk, now=now) and site_paused()
        in_time = lasts(claimed.lease_until, now) and now.date() == self._claimed_at.date()
        return in_time and not _must_end(deadline, now) and not paused

    def _send_next(self, now: datetime) -> bool:
        """False if the service is in trouble, so that no other message should be tried now."""
        queue = self._chunk[self.begun - 1 :]
        if self._in_hand.must_read(queue[0].pk, now=now):
            self._settle_done()
        ready = self._readying.take(queue, now=now)
        if ready is None:
            return True
        attempt, email = ready
        message = attempt.message
        began = time.monotonic()
        opened = persistently(lambda: relay(self._done, attempt, now=now))
        self._done = None
        if opened and time.monotonic() - began > SLOW_COMMIT and _too_late(message, clock.database_now()):
            self._done = Done(attempt, Result(NotSent(), error="CommitTookTooLong"))
            self._settle_done()
            return True
        return not opened or self._conclude(attempt, self._call(attempt, email))

    def _call(self, attempt: Attempt, email: Mail) -> Result:
        began = time.monotonic()
        result = call(self._channel, email, now=attempt.opened_at, attempt=attempt.pk)
        waited = (attempt.opened_at - attempt.message.due_at).total_seconds()
        self.results.append((outcome_of(result), waited + time.monotonic() - began))
        return result

    def _conclude(self, attempt: Attempt, result: Result) -> bool:
        """Settles what is not simply sent at once; False if the service should be left alone now."""
        outcome = result.outcome
        service = self._channel.name
        lost_in_a_row[service] = lost_in_a_row[service] + 1 if isinstance(outcome, Unknown) else 0
        self._done = Done(attempt, result)
        if isinstance(outcome, Sent):
            if self._rests.any:
                got_through(self._channel.name, sender=attempt.headers["From"])
                self._rests = Rests()
            return True
        now = clock.database_now()
        doubtful = lost_in_a_row[service] >= (1 if self._rests.probing else DOUBTS_IN_A_ROW)
        trouble = doubtful or is_trouble(outcome)
        if trouble:
            sender = attempt.headers["From"]
            until = rest(self._channel.name, outcome, sender=sender, said=result.detail, now=now)
            self._done = Done(attempt, replace(result, rest_until=until))
            self._others_may_go = isinstance(outcome, ChannelRefused) and outcome.sender_only
        self._settle_done()
        return not trouble

    def _settle_done(self) -> None:
        """Writes what came of the last try, if that is still to be written."""
        if self._done is None:
            return
        done = self._done
        if isinstance(done.result.outcome, Sent):
            persistently(lambda: relay(done, None, now=self._watch.now()))
        else:
            persistently(lambda: settle(done.attempt, done.result, now=clock.database_now()))
        self._done = None

    def _give_back(self) -> None:
        """What was not begun is scheduled again, as it was."""
        self._settle_done()
        left = self._chunk[self.begun :]
        mine = ScheduledMessage.objects.filter(
            pk__in=[message.pk for message in left],
            status=Status.CLAIMED,
            claim_token__in={message.claim_token for message in left},
        )
        now = clock.database_now()
        move_all(mine, to=Status.SCHEDULED, now=now)
        counts = Counter(message.clinic_id for message in left)
        give_back(self._channel.name, counts, now=now, claimed_at=self._claimed_at)


def _must_end(deadline: datetime, now: datetime) -> bool:
    return stopping.asked() or now >= deadline


def _too_late(message: ScheduledMessage, now: datetime) -> bool:
    return not lasts(message.lease_until, now) or now > message.latest_at
