"""Telling a clinic's people of tasks: the tick writes notices for those whose turn has come.

That a task was told and the notices that tell of it are one commit: killed before, the next tick does it
anew; killed after, the notices are there to be sent.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from copy import copy
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, transaction

from aftercare.clinics.addresses import comparable
from aftercare.clinics.duty import Duty
from aftercare.clinics.kept import insert
from aftercare.clinics.models import Clinic, User
from aftercare.followups.addressees import Addressees
from aftercare.followups.escalating import LADDER, Ladder, climb
from aftercare.followups.levels import Level
from aftercare.followups.models import FollowUpTask, Rung
from aftercare.outbox.models import NoticeStatus, StaffNotice
from aftercare.outbox.notice_words import Words, words_for, words_of_not_reached

BATCH = 200
"""Tasks at once; those of one clinic, rung and person go into one mail."""
NOTICE_TIME = timedelta(hours=24)
"""After so long a notice that could not be handed over is given up."""

log = structlog.get_logger(__name__)
Mails = dict[tuple[Rung, str], list[FollowUpTask]]
Notices = list[tuple[StaffNotice, list[FollowUpTask]]]


def tell_due(*, now: datetime) -> int:
    """Tells whoever is next of up to BATCH tasks, the longest due first; returns how many tasks.

    Two at once do no harm: a task that another tells of is passed over.
    """
    due = FollowUpTask.objects.filter(closed_at__isnull=True, tell_at__lte=now).order_by("tell_at")
    with transaction.atomic():
        rows = due.select_related("clinic").select_for_update(of=("self",), skip_locked=True)
        tasks = list(rows[:BATCH])
        _store(_notices(tasks, now))
        FollowUpTask.objects.bulk_update(tasks, ["told", "tell_at", "opening_at"])
    return len(tasks)


def tell_now(task: FollowUpTask, *, now: datetime, duty: Duty | None = None) -> bool:
    """Tells of one task at once if its turn has come, in the caller's transaction. Returns whether it did.

    ``task``: as stored; if it has been told, closed or taken on since, nothing is done.
    ``duty``: the clinic's, where the caller has read it: many patients may answer at once.

    A defect here must not undo what the caller writes: then the next tick tries again.
    """
    return _tell(task, lambda told: _notices([told], now, duty), now)


def tell_not_reached(task: FollowUpTask, *, by: User, now: datetime) -> bool:
    """As tell_now, of an emergency that ``by`` gave back: everybody on duty and the second person may try,
    and the rung that comes next is told with them; ``by`` only if nobody else is there.
    """
    return _tell(task, lambda told: _notices_of_not_reached(told, by, now), now)


def _tell(task: FollowUpTask, write: Callable[[FollowUpTask], Notices], now: datetime) -> bool:
    if task.tell_at is None or task.tell_at > now:
        return False
    told = copy(task)
    try:
        notices = write(told)
    except DatabaseError:
        raise
    except Exception:
        log.exception("task_not_told", task=task.pk)
        return False
    as_seen = {name: getattr(task, name) for name in ("closed_at", "told", "tell_at", "claimed_by_id")}
    rows = FollowUpTask.objects.filter(pk=task.pk, **as_seen)
    with transaction.atomic(savepoint=False):
        if not rows.update(told=told.told, tell_at=told.tell_at, opening_at=told.opening_at):
            return False
        _store(notices)
    return True


def hasten(notice: StaffNotice, *, now: datetime) -> None:
    """After a notice that did not get through: its tasks go on to the next rung, unless another told them.

    A mail at opening, or of a patient not reached, is no rung that ``told`` remembers: whatever that is, the
    next is told.
    """
    reached = StaffNotice.objects.filter(
        rung=notice.rung, status__in=(NoticeStatus.SCHEDULED, NoticeStatus.SENDING, NoticeStatus.SENT)
    )
    waiting = notice.tasks.filter(claimed_by__isnull=True, tell_at__gt=now)
    if notice.rung not in (Rung.OPENING, Rung.NOT_REACHED):
        waiting = waiting.filter(told=notice.rung)
    for pk in waiting.exclude(notices__in=reached).values_list("pk", flat=True):
        FollowUpTask.objects.filter(pk=pk, claimed_by__isnull=True, tell_at__gt=now).update(tell_at=now)


def _notices(tasks: Sequence[FollowUpTask], now: datetime, duty: Duty | None = None) -> Notices:
    """What is to be stored, with its tasks; on these, unsaved, who was told."""
    by_clinic: dict[Clinic, list[FollowUpTask]] = defaultdict(list)
    for task in tasks:
        by_clinic[task.clinic].append(task)
    return [
        (_notice(clinic, rung, address, words, now), told)
        for clinic, mine in by_clinic.items()
        for rung, address, words, told in _worded(Addressees(clinic, now=now, duty=duty), mine, now)
    ]


def _worded(
    addressees: Addressees, tasks: Sequence[FollowUpTask], now: datetime
) -> Iterator[tuple[Rung, str, Words, list[FollowUpTask]]]:
    for (rung, address), told in _climb_all(addressees, tasks, now).items():
        words = words_for(rung, told, now=now, reader=addressees.reader(address))
        yield rung, address, words, told


def _notices_of_not_reached(task: FollowUpTask, by: User, now: datetime) -> Notices:
    addressees = Addressees(task.clinic, now=now)
    mails = _climb_all(addressees, [task], now)
    known = [*addressees.of(task, Rung.NOT_REACHED), *(address for _rung, address in mails)]
    once = {comparable(address): address for address in addressees.others(known, than=by.email)}
    notices: Notices = []
    for address in once.values():
        words = words_of_not_reached(task, by=by, now=now, reader=addressees.reader(address))
        notices.append((_notice(task.clinic, Rung.NOT_REACHED, address, words, now), [task]))
    return notices


def _climb_all(addressees: Addressees, tasks: Sequence[FollowUpTask], now: datetime) -> Mails:
    """Moves each task up, and says which of them go to whom; nobody is told of one twice at once."""
    mails = defaultdict(list)
    for task in tasks:
        if not task.told:
            task.opening_at = addressees.next_on_duty_at()
        climbed = climb(_ladder(task), task.told, claimed=task.claimed_by_id is not None, now=now)
        whom = _whom(addressees, task, climbed.rungs)
        for rung, address in whom:
            mails[rung, address].append(task)
        if climbed.rungs and not whom:
            log.error("nobody_to_tell", clinic=task.clinic_id, task=task.pk)
        task.told = next((rung for rung in reversed(climbed.rungs) if rung in LADDER), task.told)
        task.tell_at = addressees.when_awake(climbed.next_at, task)
        task.opening_at = climbed.opening_at
    return mails


def _whom(addressees: Addressees, task: FollowUpTask, rungs: Sequence[Rung]) -> Collection[tuple[Rung, str]]:
    """Each mailbox once, as the last of its rungs; with the owners where A or E is told for the first time.

    Who is on call may have no log-in, or not look: of what cannot wait, nobody else would hear for hours.
    """
    at_once = (Rung.AT_ONCE,) if Rung.DUTY in rungs and Level(task.level).is_urgent else ()
    told = [(rung, address) for rung in (*at_once, *rungs) for address in addressees.of(task, rung)]
    return {comparable(address): (rung, address) for rung, address in told}.values()


def _ladder(task: FollowUpTask) -> Ladder:
    begins_at = task.ladder_from or task.opened_at
    return Ladder(begins_at=begins_at, deadline_at=task.deadline_at, opening_at=task.opening_at)


def _notice(clinic: Clinic, rung: Rung, address: str, words: Words, now: datetime) -> StaffNotice:
    return StaffNotice(
        clinic=clinic,
        rung=rung,
        recipient=address,
        subject=words.subject,
        text=words.text,
        language=words.language,
        created_at=now,
        due_at=now,
        latest_at=now + NOTICE_TIME,
    )


def _store(notices: Notices) -> None:
    told_of = StaffNotice.tasks.through
    for notice, tasks in notices:
        insert(notice)
        for task in tasks:
            insert(told_of(staffnotice_id=notice.pk, followuptask_id=task.pk))
