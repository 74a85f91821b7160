"""Planned messages follow the steps that were just edited, and staff are told what that did."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftercare.clinics.models import User
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.replanning import replan_protocol
from aftercare.protocols.models import Protocol

_STANDING = (Status.SCHEDULED, Status.HELD)


@dataclass(frozen=True)
class Effect:
    """How many messages got another time, were promised anew, or are no longer promised."""

    moved: int
    added: int
    stopped: int

    def __str__(self) -> str:
        counts = (
            (self.moved, ngettext("%(count)d message moved", "%(count)d messages moved", self.moved)),
            (self.added, ngettext("%(count)d was added", "%(count)d were added", self.added)),
            (self.stopped, ngettext("%(count)d was stopped", "%(count)d were stopped", self.stopped)),
        )
        parts = [words % {"count": count} for count, words in counts if count]
        if not parts:
            return _("No planned message changed its time.")
        return _("Planned messages: %(parts)s.") % {"parts": ", ".join(parts)}


@transaction.atomic
def replan(protocol: Protocol, *, by: User, now: datetime) -> Effect:
    """Replans every session of the protocol that may still change, and counts what changed."""
    before = _promises(protocol)
    replan_protocol(protocol, by=by, now=now)
    after = _promises(protocol)
    moved = sum(before[pk] != after[pk] for pk in before.keys() & after.keys())
    return Effect(moved, len(after.keys() - before.keys()), len(before.keys() - after.keys()))


def _promises(protocol: Protocol) -> dict[object, tuple[datetime, datetime]]:
    standing = ScheduledMessage.objects.filter(session__protocol=protocol, status__in=_STANDING)
    rows = standing.values_list("pk", "send_at", "latest_at")
    return {pk: (send_at, latest_at) for pk, send_at, latest_at in rows}
