"""Opening a task for a human, and taking one back that a correction has made needless."""

from datetime import datetime

from django.db import transaction
from django.db.models import CharField

from aftercare.clinics.history import keep, store_new
from aftercare.clinics.kept import Blank, Kept
from aftercare.clinics.models import Clinic, Patient
from aftercare.followups.levels import Level
from aftercare.followups.models import Cause, FollowUpTask

WAITING = Kept(
    lambda: (
        FollowUpTask.objects.of_every_clinic()
        .filter(source=Blank("source", CharField()), closed_at__isnull=True, claimed_by__isnull=True)
        .order_by()
        .values_list("pk")
    )
)


@transaction.atomic(savepoint=False)
def open_task(
    *,
    clinic: Clinic,
    patient: Patient,
    cause: Cause,
    source: str,
    detail: str,
    now: datetime,
    deadline_at: datetime,
    tell_from: datetime | None = None,
    level: Level = Level.NONE,
    is_new: bool = False,
) -> FollowUpTask:
    """The one task for ``source``, opened unless it is there already.

    ``is_new``: it cannot be there, as the caller holds the lock under which alone it is opened.

    A deadline that has passed becomes ``now``. Staff are told of it by the engine's next tick, or its first
    after ``tell_from``. ``level``: of the patient's answer behind it. A task that was withdrawn opens anew;
    one that a person closed stays closed.
    """
    opened = {"detail": detail, "opened_at": now, "deadline_at": max(deadline_at, now)}
    opened |= {"told": "", "tell_at": tell_from or now, "ladder_from": tell_from, "opening_at": None}
    fields = {"clinic": clinic, "patient": patient, "cause": cause, "level": level, **opened}
    if is_new:
        task = FollowUpTask(source=source, **fields)
        store_new(task, by=None, now=now)
        return task
    tasks = FollowUpTask.objects.of_every_clinic()
    task, created = tasks.get_or_create(source=source, defaults=fields)
    if created:
        return task
    withdrawn = FollowUpTask.objects.filter(pk=task.pk, closed_at__isnull=False, closed_by__isnull=True)
    if withdrawn.update(**opened, outcome="", closed_at=None):
        task.refresh_from_db()
        keep([task], by=None, now=now)
    return task


def withdraw_tasks(prefix: str, *, outcome: str, now: datetime) -> int:
    """As withdraw_task, for every source that begins so. Returns how many there were."""
    sources = (
        FollowUpTask.objects.of_every_clinic()
        .filter(source__startswith=prefix)
        .values_list("source", flat=True)
    )
    return sum(withdraw_task(source, outcome=outcome, now=now) for source in list(sources))


@transaction.atomic(savepoint=False)
def withdraw_task(source: str, *, outcome: str, now: datetime) -> bool:
    """Closes the open task of that source in nobody's name, saying why. Returns whether there was one.

    A task that somebody has taken on stays theirs to close. ``outcome`` must not be empty.
    """
    if not WAITING.all(source=source):
        return False
    named = FollowUpTask.objects.of_every_clinic().filter(source=source)
    waiting = named.filter(closed_at__isnull=True, claimed_by__isnull=True)
    withdrawn = bool(waiting.update(outcome=outcome, closed_at=now, tell_at=None))
    if withdrawn:
        keep(list(named), by=None, now=now)
    return withdrawn
