"""Taking a task on, and closing it with what came of it."""

from datetime import datetime

from django.db.models import DateTimeField, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from aftercare.clinics.models import User
from aftercare.followups.models import FollowUpTask


class TaskError(Exception):
    """A task cannot be claimed or closed; the text says why, for the person who tried."""


def claim_task(*, task: FollowUpTask, by: User, now: datetime, take_over: bool = False) -> FollowUpTask:
    """Puts ``by`` in charge of an open task; claiming one's own task again changes nothing.

    Another person's task is only claimed with ``take_over``. Raises TaskError if it is closed or somebody
    else's.
    """
    free = Q() if take_over else Q(claimed_by__isnull=True)
    claimable = FollowUpTask.objects.filter(free, pk=task.pk, closed_at__isnull=True)
    claimable.exclude(claimed_by=by).update(claimed_by=by, claimed_at=now)
    task.refresh_from_db()
    if task.closed_at is not None:
        raise TaskError(_("This task has been closed already."))
    if task.claimed_by_id != by.pk:
        raise TaskError(_("%(name)s has taken this task on already.") % {"name": task.claimed_by})
    return task


def close_task(*, task: FollowUpTask, outcome: str, by: User, now: datetime) -> FollowUpTask:
    """Closes an open task with what came of it; whoever closes an unclaimed one has claimed it.

    Closing again with the same words changes nothing. Raises TaskError without an outcome, or if it was
    closed otherwise.
    """
    words = outcome.strip()
    if not words:
        raise TaskError(_("Write what came of it, for example whom you reached and what was agreed."))
    FollowUpTask.objects.filter(pk=task.pk, closed_at__isnull=True).update(
        claimed_by=Coalesce("claimed_by", by.pk),
        claimed_at=Coalesce("claimed_at", Value(now, DateTimeField())),
        outcome=words,
        closed_by=by,
        closed_at=now,
    )
    task.refresh_from_db()
    if (task.closed_by_id, task.outcome) != (by.pk, words):
        raise TaskError(_("This task has been closed already; its outcome stays as it is."))
    return task
