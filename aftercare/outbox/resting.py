"""Leaving a mail service alone for a while: the whole account, or the mail of one sender's domain.

Every worker reads the same rows, so that a service in trouble is asked by few and a refused log-in raises one
alarm, not one a message. A rest ends by its time; the first message that then gets through ends its row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random

import structlog
from django.db import transaction

from aftercare.clinics.models import Clinic
from aftercare.outbox.deciding import ChannelRefused, Decision, NotSent
from aftercare.outbox.models import ChannelRest

log = structlog.get_logger(__name__)

FIRST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=5)
FIRST_ALARM, LONGEST_ALARM = timedelta(minutes=1), timedelta(minutes=15)
"""After a refusal that a human must mend: rarer, because some services lock an account that keeps trying."""


@dataclass(frozen=True)
class Rests:
    """What rests now: until when the whole account does, and the domains of senders that do.

    ``probing``: a rest of the account is over, but nothing has got through since; one message finds out.
    """

    until: datetime | None = None
    domains: frozenset[str] = frozenset()
    probing: bool = False
    any: bool = False

    def shut_clinics(self) -> list[int]:
        """The clinics whose sender's domain rests, by id."""
        if not self.domains:
            return []
        senders = Clinic.objects.values_list("pk", "sender_email")
        return [pk for pk, email in senders if domain_of(email) in self.domains]


def rests_of(channel: str, *, now: datetime) -> Rests:
    rows = list(ChannelRest.objects.filter(channel=channel))
    whole = next((row for row in rows if not row.sender_domain), None)
    return Rests(
        until=whole.until if whole and whole.until > now else None,
        domains=frozenset(row.sender_domain for row in rows if row.sender_domain and row.until > now),
        probing=whole is not None and whole.until <= now,
        any=bool(rows),
    )


def rest(
    channel: str,
    outcome: Decision,
    *,
    sender: str = "",
    said: str = "",
    now: datetime,
    draw: Callable[[], float] = random,
) -> datetime:
    """Leaves the service, or the sender's domain if only that is refused, alone; returns until when.

    At least for as long as the service asked; else from seconds to minutes, doubling each time in a row.
    """
    refused = isinstance(outcome, ChannelRefused)
    domain = domain_of(sender) if isinstance(outcome, ChannelRefused) and outcome.sender_only else ""
    with transaction.atomic():
        row, made = ChannelRest.objects.select_for_update().get_or_create(
            channel=channel,
            sender_domain=domain,
            defaults={"since": now, "until": now, "refused": refused, "said": said},
        )
        if refused and (made or not row.refused):
            log.error("mail_service_refuses", service=channel, whole_account=not domain)
        if made or row.until <= now:  # else another worker has just found the same
            row.tries += 0 if made else 1
            row.until = now + _length(row.tries, outcome, draw)
        elif isinstance(outcome, NotSent) and outcome.retry_after:
            row.until = max(row.until, now + timedelta(seconds=outcome.retry_after))
        row.refused, row.said = row.refused or refused, said
        row.save()
    return row.until


def got_through(channel: str, *, sender: str) -> None:
    """A message was taken: neither the account nor the sender's domain rests any more."""
    ended = ChannelRest.objects.filter(channel=channel, sender_domain__in=("", domain_of(sender)))
    for domain in ended.values_list("sender_domain", flat=True):
        log.info("mail_service_takes_again", service=channel, whole_account=not domain)
    ended.delete()


def domain_of(sender: str) -> str:
    """The domain of an address, with or without a name, in lower case."""
    return sender.rpartition("@")[2].rstrip("> ").lower()


def _length(tries: int, outcome: Decision, draw: Callable[[], float]) -> timedelta:
    first, longest = FIRST_REST, LONGEST_REST
    if isinstance(outcome, ChannelRefused):
        first, longest = FIRST_ALARM, LONGEST_ALARM
    asked = timedelta(seconds=getattr(outcome, "retry_after", None) or 0.0)
    return max(min(longest, first * 2 ** min(tries - 1, 16)) * (0.5 + draw() / 2), asked)
