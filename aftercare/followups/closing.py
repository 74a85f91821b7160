"""Taking a task on, and closing it with what came of it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from aftercare.clinics.history import keep
from aftercare.clinics.models import User
from aftercare.followups.models import FollowUpTask, Rung, TaskNote

SLIP = timedelta(minutes=1)


class TaskError(Exception):
    """A task cannot be claimed or closed; the text says why, for the person who tried."""


@transaction.atomic
def claim_task(*, task: FollowUpTask, by: User, now: datetime, take_over: bool = False) -> FollowUpTask:
    """Puts ``by`` in charge of an open task; claiming one's own task again changes nothing.

    Another person's task is only claimed with ``take_over``. Raises TaskError if it is closed or somebody
    else's.
    """
    free = Q() if take_over else Q(claimed_by__isnull=True)
    claimable = FollowUpTask.objects.filter(free, pk=task.pk, closed_at__isnull=True)
    others = claimable.exclude(claimed_by=by)
    claimed = others.update(claimed_by=by, claimed_at=now, tell_at=_only_when_overdue())
    task.refresh_from_db()
    if claimed:
        keep([task], by=by, now=now)
    _refuse_closed(task)
    if task.claimed_by_id != by.pk:
        raise TaskError(_("%(name)s has taken this task on already.") % {"name": task.claimed_by})
    return task


@transaction.atomic
def close_task(
    *, task: FollowUpTask, outcome: str, by: User, now: datetime, reached: str = ""
) -> FollowUpTask:
    """Closes an open task with what came of it; whoever closes an unclaimed one has claimed it.

    ``reached``: how the patient was, one of Reached; empty where nobody was asked.

    Closing again with the same words changes nothing. Raises TaskError without an outcome, or if it was
    closed otherwise.
    """
    words = outcome.strip()
    if not words:
        raise TaskError(_("Write what came of it, for example whom you reached and what was agreed."))
    closed = FollowUpTask.objects.filter(pk=task.pk, closed_at__isnull=True).update(
        claimed_by=Coalesce("claimed_by", by.pk),
        claimed_at=Coalesce("claimed_at", Value(now, DateTimeField())),
        outcome=words,
        reached=reached,
        closed_by=by,
        closed_at=now,
        tell_at=None,
    )
    task.refresh_from_db()
    if closed:
        keep([task], by=by, now=now)
    if (task.closed_by_id, task.outcome) != (by.pk, words):
        raise TaskError(_("This task has been closed already; its outcome stays as it is."))
    return task


def add_note(*, task: FollowUpTask, text: str, by: User, now: datetime) -> TaskNote:
    """Keeps what was tried or agreed; of a closed task too, for what a second person has to say of it.

    The same words by the same person at the same time are one note. Raises TaskError without words.
    """
    words = text.strip()
    if not words:
        raise TaskError(_("Write what you tried or agreed, in a few words."))
    return TaskNote.objects.get_or_create(task=task, text=words, by=by, at=now)[0]


@transaction.atomic
def give_back(*, task: FollowUpTask, why: str, by: User, now: datetime) -> FollowUpTask:
    """Notes why an open task cannot be closed, and makes it nobody's, so that others are told at once.

    Where all have been told already, those who are told when it is overdue are told once more. The same words
    twice within a minute are one slip of the finger. Raises TaskError without words, or if it is closed.
    """
    again = TaskNote.objects.filter(task=task, text=why.strip(), by=by, at__gt=now - SLIP)
    if not again.exists():
        task.refresh_from_db(fields=["closed_at"])
        _refuse_closed(task)
        add_note(task=task, text=why, by=by, now=now)
        everybody = When(told=Rung.OVERDUE, then=Value(Rung.OWNER))
        FollowUpTask.objects.filter(pk=task.pk, closed_at__isnull=True).update(
            claimed_by=None, claimed_at=None, tell_at=now, told=Case(everybody, default=F("told"))
        )
        task.refresh_from_db()
        keep([task], by=by, now=now)
    task.refresh_from_db()
    return task


def _refuse_closed(task: FollowUpTask) -> None:
    if task.closed_at is not None:
        raise TaskError(_("This task has been closed already."))


def _only_when_overdue() -> Case:
    """Once somebody has taken it on, the others are told at its deadline alone, and once; what was overdue
    while nobody was on duty, at opening too."""
    overdue_told = When(told=Rung.OVERDUE, then=F("opening_at"))
    return Case(overdue_told, default=F("deadline_at"), output_field=DateTimeField())
