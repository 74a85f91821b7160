"""Ending the rest of a mail service before its time, when a person has put right what was wrong."""

from datetime import datetime

from aftercare.outbox.models import ChannelRest
from aftercare.outbox.waking import wake_on_commit


def end_rest(rest: ChannelRest, *, now: datetime) -> bool:
    """Lets the next drain try the service again. False, changing nothing, if the rest is over already."""
    ended = bool(ChannelRest.objects.filter(pk=rest.pk, until__gt=now).update(until=now))
    if ended:
        wake_on_commit()
    return ended
