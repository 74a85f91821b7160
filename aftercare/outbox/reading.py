"""What a patient may read again: a message as it was sent, and the plan that it belongs to. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from aftercare.clinics.addresses import comparable
from aftercare.content.compiling import Compiled
from aftercare.content.excerpt import words_of
from aftercare.content.rendering import render
from aftercare.outbox.composing import NotTheCopySent, reproduce
from aftercare.outbox.links import READ
from aftercare.outbox.models import Attempt, AttemptOutcome, ScheduledMessage, Status, Suppression
from aftercare.outbox.suppressing import purposes_against
from aftercare.outbox.values import restarts
from aftercare.protocols.models import Topic
from aftercare.timing import FromWhen
from aftercare.treatments.models import SessionState, TreatmentSession

MAY_HAVE_COME = (Status.SENT, Status.UNKNOWN, Status.UNCONFIRMED)
STILL_TO_COME = (Status.SCHEDULED, Status.CLAIMED, Status.SENDING)


class NotKept(Exception):
    """Nothing was sent, or what was sent is no longer kept as it was."""


@dataclass(frozen=True)
class Letter:
    """A message as it was sent: its subject, and its words as safe HTML, and their language."""

    subject: str
    words: str
    locale: str
    sent_at: datetime


@dataclass(frozen=True)
class Told:
    """A message that has come, and the link it came with."""

    subject: str
    sent_at: datetime
    url: str


@dataclass(frozen=True)
class Plan:
    """A patient's plan after one session. ``coming``: the instants for which messages are promised.

    ``settled``: whether the session counts; while it is being corrected, no date of it is shown.
    ``check_in_at``: the first of those instants whose message asks how the patient is.
    """

    settled: bool
    told: Sequence[Told]
    coming: Sequence[datetime]
    check_in_at: datetime | None
    restarts: Sequence[tuple[Topic, FromWhen]]
    next_visit_on: date | None


def telling(attempts: Sequence[Attempt]) -> Attempt:
    """Of several tries the one that was taken, else the last."""
    taken = [attempt for attempt in attempts if attempt.outcome == AttemptOutcome.SENT]
    return (taken or attempts)[-1]


def letter_of(message: ScheduledMessage) -> Letter:
    """Raises NotKept."""
    attempts = list(message.attempts.select_related("compiled").order_by("number"))
    if not attempts:
        raise NotKept
    attempt = telling(attempts)
    try:
        copy = reproduce(attempt)
    except NotTheCopySent as error:
        raise NotKept from error
    return Letter(copy.subject, words_of(copy.html), copy.headers["Content-Language"], attempt.opened_at)


def plan_of(session: TreatmentSession) -> Plan:
    """What the session's messages have said and will say, as far as it stands now."""
    rows = session.scheduled_messages.select_related("patient", "step__template").order_by("send_at")
    messages = list(rows.prefetch_related("attempts__compiled"))
    settled = session.state == SessionState.COMPLETED
    coming = _coming(messages, session) if settled else []
    return Plan(
        settled=settled,
        told=[_told(message) for message in messages if _has_come(message)],
        coming=[message.send_at for message in coming],
        check_in_at=next((each.send_at for each in coming if each.step.template.asks_check_in), None),
        restarts=restarts(session) if settled else [],
        next_visit_on=session.next_visit_on if settled else None,
    )


def _has_come(message: ScheduledMessage) -> bool:
    return message.status in MAY_HAVE_COME and bool(message.attempts.all())


def _told(message: ScheduledMessage) -> Told:
    attempt = telling(list(message.attempts.all()))
    # The subject alone: the rest is filled when it is opened.
    line = Compiled(attempt.compiled.subject, "", "", f"{attempt.compiled.digest}:subject")
    return Told(render(line, attempt.values).subject, attempt.opened_at, READ.url(message.pk))


def _coming(messages: Sequence[ScheduledMessage], session: TreatmentSession) -> list[ScheduledMessage]:
    """Those that nothing stands in the way of. A reminder comes only if no answer does: it is no promise."""
    address = comparable(session.patient.email)
    rows = Suppression.objects.filter(clinic=session.clinic_id, email=address)
    stopped = set(rows.values_list("purpose", flat=True))
    waiting = (m for m in messages if m.status in STILL_TO_COME and m.step.reminds_id is None)
    return [m for m in waiting if not stopped & set(purposes_against(m.safety_critical))]
