"""When an unfinished check-in is over: whoever comes back later is asked everything again, as of that day.

An answer to an emergency question says how somebody is now. It must not stand for another day, nor for hours
later: a throat can swell within minutes.
"""

from datetime import datetime, timedelta

from aftercare.checkins.models import CheckIn
from aftercare.outbox.models import ScheduledMessage, Status

GOES_ON_FOR = timedelta(hours=3)
"""The form takes two minutes. Who is called away goes on with it the same evening; who comes back after
longer may feel quite different, and is asked afresh (J)."""


def has_lapsed(check_in: CheckIn, message: ScheduledMessage, *, now: datetime) -> bool:
    """Whether an open check-in may not be gone on with.

    It was begun on another day of the patient's, too long ago, or before the reminder that asks for it again.
    """
    if not check_in.is_open:
        return False
    zone = message.patient.zone
    if check_in.started_at.astimezone(zone).date() != now.astimezone(zone).date():
        return True
    return now - check_in.started_at > GOES_ON_FOR or _reminded_since(check_in, message)


def _reminded_since(check_in: CheckIn, message: ScheduledMessage) -> bool:
    reminders = ScheduledMessage.objects.filter(session=message.session_id, step__reminds=message.step_id)
    return reminders.filter(status=Status.SENT, sent_at__gt=check_in.started_at).exists()
