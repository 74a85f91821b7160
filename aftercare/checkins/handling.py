"""What staff do with a task, whatever opened it: the task of a concern takes its concern along."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftercare.checkins.concerns import (
    ConcernError,
    acknowledge,
    close_concern,
    note_call,
    tasks_of,
)
from aftercare.checkins.levels import Level, worst
from aftercare.checkins.models import CheckInPhoto, Concern
from aftercare.clinics.models import User
from aftercare.followups.closing import claim_task, close_task, give_back
from aftercare.followups.models import FollowUpTask, Reached
from aftercare.outbox.locking import lock_patients
from aftercare.outbox.notifying import tell_not_reached
from aftercare.outbox.waking import wake_on_commit

MOST_DIGITS = 18
"""Longer than any row's id; a database would stumble over more."""


@dataclass(frozen=True, kw_only=True)
class Closing:
    """What whoever closes a task says: what came of it, and how the patient was reached (one of Reached, or
    empty). ``read``: what said_in gave for the concern when the page was shown."""

    outcome: str
    reached: str = ""
    read: str = ""


class NotSaid(Exception):
    """Whether and how the patient of an urgent task was reached is missing."""


class UnreadAnswer(Exception):
    """The patient has sent something that whoever closes the concern has not read."""


def concern_of(task: FollowUpTask) -> Concern | None:
    """The concern that the task's source names, of the task's own clinic."""
    kind, _colon, rest = task.source.partition(":")
    pk = rest.partition(":")[0]
    if kind != "concern" or not pk.isdecimal() or len(pk) > MOST_DIGITS:
        return None
    return Concern.objects.filter(pk=pk, clinic=task.clinic_id).first()


def said_in(concern: Concern) -> str:
    """A digest of all that the patient has sent in it: another one after each part, answer or photo."""
    answers = concern.check_ins.order_by("pk").values_list("pk", "answers", "note")
    photos = (
        CheckInPhoto.objects.filter(check_in__concern=concern).order_by("pk").values_list("pk", flat=True)
    )
    whole = json.dumps([list(answers), list(photos), concern.phone_given], sort_keys=True, default=str)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def take_on(*, task: FollowUpTask, by: User, now: datetime, take_over: bool = False) -> FollowUpTask:
    """Claims the task and, with it, acknowledges its open concern as far as the task tells of it.

    Raises what claim_task raises.
    """
    with transaction.atomic():
        concern = _locked_concern(task)
        if concern is not None:
            acknowledge(concern, read=task, by=by, now=now)
        return claim_task(task=task, by=by, now=now, take_over=take_over)


def call_made(*, task: FollowUpTask, by: User, now: datetime) -> Concern:
    """Notes that the patient was called. Raises ConcernError if no open concern is behind the task, or if
    its patient has answered again since."""
    with transaction.atomic():
        concern = _locked_concern(task)
        if concern is None:
            raise ConcernError(_("There is no open concern behind this task."))
        return note_call(concern, read=task, by=by, now=now)


def level_at_stake(task: FollowUpTask) -> Level:
    """How urgent what closing the task would end is: the task's own level, or its concern's if worse."""
    own, concern = Level(task.level), concern_of(task)
    return worst([own, Level(concern.level)]) if concern is not None and _ends(task, concern) else own


def asks_how_reached(level: Level) -> bool:
    """Whether a task of that urgency closes only with how the patient was reached."""
    return level in (Level.E, Level.A)


def stays_open(level: Level, closing: Closing) -> bool:
    """Whether it cannot be closed in this way: an emergency whose patient nobody has reached."""
    return level is Level.E and closing.reached == Reached.NOT


def finish(*, task: FollowUpTask, closing: Closing, by: User, now: datetime) -> FollowUpTask:
    """Closes the task and, with it, its concern, so that the patient's routine messages go again.

    It closes alone while a worse or a later answer still waits. An emergency whose patient was not reached
    stays open: what was tried is noted, and others are told at once. Raises UnreadAnswer if the
    patient has sent more since; NotSaid, TaskError, ConcernError.
    """
    with transaction.atomic():
        concern, level = _locked_concern(task), level_at_stake(task)
        if asks_how_reached(level) and closing.reached not in Reached.values:
            raise NotSaid(_("Say whether and how you reached the patient."))
        if stays_open(level, closing):
            return _tell_the_others(task, _outcome(closing), by=by, now=now)
        said = {"outcome": _outcome(closing), "reached": closing.reached}
        if concern is not None and _ends(task, concern):
            if closing.read != said_in(concern):
                raise UnreadAnswer(_("The patient has sent something new since. Read it before you close."))
            close_concern(concern, **said, by=by, now=now)
        return close_task(task=task, **said, by=by, now=now)


def _outcome(closing: Closing) -> str:
    """In words, with that nobody was reached, so that it stands wherever the outcome does."""
    words = closing.outcome.strip()
    return f"{_('Not reached.')} {words}" if words and closing.reached == Reached.NOT else words


def _tell_the_others(task: FollowUpTask, why: str, *, by: User, now: datetime) -> FollowUpTask:
    given_back = give_back(task=task, why=why, by=by, now=now)
    tell_not_reached(given_back, by=by, now=now)
    wake_on_commit()
    return given_back


def _ends(task: FollowUpTask, concern: Concern) -> bool:
    return concern.closed_at is None and not _waits_behind(task, concern)


def _waits_behind(task: FollowUpTask, concern: Concern) -> bool:
    """Whether another task of the concern is open that is of its worst level, or came later."""
    others = tasks_of(concern).exclude(pk=task.pk)
    return any(other.level == concern.level or other.pk > task.pk for other in others)


def _locked_concern(task: FollowUpTask) -> Concern | None:
    """The open concern behind it, whose patient answers only after this transaction."""
    lock_patients([task.patient_id])
    concern = concern_of(task)
    return concern if concern is not None and concern.closed_at is None else None
