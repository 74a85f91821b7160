"""What staff do with a task, whatever opened it: the task of a concern takes its concern along."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftercare.checkins.concerns import (
    ConcernError,
    acknowledge,
    close_concern,
    level_of,
    note_call,
    tasks_of,
)
from aftercare.checkins.models import Concern
from aftercare.clinics.models import User
from aftercare.followups.closing import claim_task, close_task
from aftercare.followups.models import FollowUpTask

MOST_DIGITS = 18
"""Longer than any row's id; a database would stumble over more."""


def concern_of(task: FollowUpTask) -> Concern | None:
    """The concern that the task's source names, of the task's own clinic."""
    kind, _colon, rest = task.source.partition(":")
    pk = rest.partition(":")[0]
    if kind != "concern" or not pk.isdecimal() or len(pk) > MOST_DIGITS:
        return None
    return Concern.objects.filter(pk=pk, clinic=task.clinic_id).first()


def take_on(*, task: FollowUpTask, by: User, now: datetime, take_over: bool = False) -> FollowUpTask:
    """Claims the task and, with it, acknowledges its open concern. Raises what claim_task raises."""
    with transaction.atomic():
        concern = _open_concern(task)
        if concern is not None:
            acknowledge(concern, by=by, now=now)
        return claim_task(task=task, by=by, now=now, take_over=take_over)


def call_made(*, task: FollowUpTask, by: User, now: datetime) -> Concern:
    """Notes that the patient was called. Raises ConcernError if there is no open concern behind the task."""
    concern = _open_concern(task)
    if concern is None:
        raise ConcernError(_("There is no open concern behind this task."))
    return note_call(concern, by=by, now=now)


def finish(*, task: FollowUpTask, outcome: str, by: User, now: datetime) -> FollowUpTask:
    """Closes the task and, with it, its concern, so that the patient's routine messages go again.

    It closes alone while a worse or a later answer still waits. Raises TaskError or ConcernError.
    """
    with transaction.atomic():
        concern = _open_concern(task)
        if concern is not None and not _waits_behind(task, concern):
            close_concern(concern, outcome=outcome, by=by, now=now)
        return close_task(task=task, outcome=outcome, by=by, now=now)


def _waits_behind(task: FollowUpTask, concern: Concern) -> bool:
    """Whether another task of the concern is open that is of its worst level, or came later."""
    others = tasks_of(concern).exclude(pk=task.pk)
    return any(level_of(other) == concern.level or other.pk > task.pk for other in others)


def _open_concern(task: FollowUpTask) -> Concern | None:
    concern = concern_of(task)
    return concern if concern is not None and concern.closed_at is None else None
