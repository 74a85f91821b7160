"""What one call to a mail service can have come to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sent:
    """The service took it, and calls it so.

    ``earlier``: an earlier call under the same idempotency key was the one that was taken; the service does
    not tell its id again.
    """

    provider_message_id: str = ""
    earlier: bool = False


@dataclass(frozen=True)
class NotSent:
    """Certainly not accepted, and worth another try. ``retry_after`` is in seconds, when the service asked.

    ``whole_channel``: the service, not the message, is in trouble, so that others need not be tried now.
    """

    retry_after: float | None = None
    whole_channel: bool = False


@dataclass(frozen=True)
class Refused:
    """Certainly not accepted, and it never will be."""


@dataclass(frozen=True)
class Unknown:
    """It may have been accepted.

    ``replayable``: the same call under the same idempotency key may tell, where the service knows such keys.
    """

    replayable: bool = True


@dataclass(frozen=True)
class ChannelRefused:
    """Certainly not accepted, though nothing is wrong with the message: a human must mend the set-up.

    ``sender_only``: the service refuses this sender or its domain, so that the mail of others may go on;
    otherwise it refuses the account itself.
    """

    sender_only: bool = False


Decision = Sent | NotSent | Refused | Unknown | ChannelRefused
