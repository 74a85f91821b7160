"""What an answer that needs a human sets off, and how a human brings it to an end.

A concern, its follow-up task, the notices to staff and the hold on the patient's routine messages are written
in one transaction.
Whoever changes a concern locks its patient first.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from aftercare.checkins.deadlines import Times, promised_by, times_of
from aftercare.checkins.levels import Level
from aftercare.checkins.models import Concern
from aftercare.clinics.duty import Duty
from aftercare.clinics.history import store_new
from aftercare.clinics.kept import Blank, Kept
from aftercare.clinics.models import User
from aftercare.followups.closing import TaskError, claim_task, close_task
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.followups.opening import open_task, withdraw_tasks
from aftercare.outbox.holding import hold_routine, release_routine
from aftercare.outbox.locking import lock_patients
from aftercare.outbox.notifying import tell_now
from aftercare.outbox.waking import wake_on_commit
from aftercare.treatments.models import TreatmentSession

OPEN = Kept(lambda: Concern.objects.filter(session=Blank("session"), closed_at__isnull=True))


PHONE = "phone"
"""In the name of a task: that it tells of a number."""


class ConcernError(Exception):
    """A concern cannot be changed in this way; the text says why, for the person who tried."""


def open_concern(session_id: int) -> Concern | None:
    """The one that waits for somebody to close it, if there is one."""
    return OPEN.first(session=session_id)


def raise_concern(
    session: TreatmentSession,
    *,
    level: Level,
    limit: timedelta,
    duty: Duty,
    now: datetime,
    news: bool = False,
) -> Concern:
    """The session's open concern, at least at that level: opened or raised, with a task for staff.

    Call it in the transaction that stores the answer and has locked the patient. An answer that is no worse
    keeps the level, so that the worst open answer counts; if it says something new (``news``), a human is
    told of it all the same.
    ``limit``: within which time staff must act on an answer of this level.
    """
    with transaction.atomic(savepoint=False):
        concern = open_concern(session.pk)
        if concern is not None:
            concern.patient = session.patient
        if concern is not None and Level(concern.level).rank >= level.rank:
            if news:
                _tell_again(concern, level, limit=limit, duty=duty, now=now)
            return concern
        if concern is not None:
            said = _("A worse answer came; there is a task for it.")
            withdraw_tasks(concern.sources, outcome=said, now=now)
        concern = _at_level(concern, session, level=level, now=now)
        times = times_of(level, now=now, limit=limit, duty=duty)
        concern.due_at = max(now, min(times.due_at, concern.due_at)) if concern.pk else times.due_at
        concern.promised_at = _call_by(concern, limit=limit, duty=duty, now=now)
        if concern.pk:
            concern.save()
        else:
            store_new(concern, by=None, now=now)
        # A task of its own for each level: a worse answer is something new, whoever works on the former.
        _open_task(concern, level, times=replace(times, due_at=concern.due_at), duty=duty, now=now)
        hold_routine(session.patient, now=now)
    return concern


def take_number(concern: Concern, number: str, *, limit: timedelta, duty: Duty, now: datetime) -> None:
    """Keeps where the patient wishes to be called, promises the call that had no number, and tells staff.

    Call it in the transaction that has locked the patient. Whoever has the concern's task still to read finds
    the number there; where it was read without it, a further task tells of it.
    """
    concern.phone_given, level = number, Level(concern.level)
    if concern.promised_at is None or concern.promised_at <= now:
        concern.promised_at = _call_by(concern, limit=limit, duty=duty, now=now)
    concern.save()
    if concern.promised_at is not None:
        late = tasks_of(concern).filter(deadline_at__gt=concern.promised_at)
        late.update(deadline_at=max(now, concern.promised_at))
    if not _waits_unread(concern, level):
        name = f"{_further(concern, level)}:{PHONE}"
        _open_further(concern, name, limit=limit, duty=duty, now=now)


def acknowledge(concern: Concern, *, read: FollowUpTask, by: User, now: datetime) -> Concern:
    """Notes who has read that task and takes it on, with all that came before it; the first reader stays.

    What came after it stays unread: a page opened before a worse answer says nothing of it. Raises
    ConcernError if the concern is closed.
    """
    with transaction.atomic():
        stored = _locked(concern)
        if stored.acknowledged_at is None and Level(read.level).rank >= Level(stored.level).rank:
            stored.acknowledged_at, stored.acknowledged_by = now, by
            _save(stored, by)
        for task in tasks_of(stored).filter(claimed_by__isnull=True, pk__lte=read.pk):
            with suppress(TaskError):  # somebody else has just taken it on
                claim_task(task=task, by=by, now=now)
    return stored


def note_call(concern: Concern, *, read: FollowUpTask, by: User, now: datetime) -> Concern:
    """Notes that the patient was called about that task, which acknowledges it too; the first call stays.

    A call about an earlier task was of something else. Raises ConcernError if the concern is closed, or if
    a later answer waits that the caller may not have read.
    """
    with transaction.atomic():
        stored = _locked(concern)
        if newer_task(stored, than=read) is not None:
            raise ConcernError(_("The patient has answered again since. Read it, and note the call there."))
        stored = acknowledge(stored, read=read, by=by, now=now)
        if not is_called(stored, about=read):
            stored.called_at = now
            _save(stored, by)
    return stored


def close_concern(concern: Concern, *, outcome: str, by: User, now: datetime, reached: str = "") -> Concern:
    """Ends it with what came of it: closes its tasks, and lets the patient's routine messages go again.

    ``reached``: how the patient was, kept in each of the tasks.

    Closing again with the same words changes nothing. Raises ConcernError without an outcome, or if it was
    closed otherwise.
    """
    words = outcome.strip()
    if not words:
        raise ConcernError(_("Write what came of it, for example whom you reached and what was agreed."))
    with transaction.atomic():
        lock_patients([concern.patient_id])
        stored = Concern.objects.select_related("patient").get(pk=concern.pk)
        if stored.closed_at is not None:
            if stored.outcome != words:
                raise ConcernError(_("This concern has been closed already; its outcome stays as it is."))
            return stored
        _close(stored, words, reached, by=by, now=now)
        if not Concern.objects.filter(patient=stored.patient_id, closed_at__isnull=True).exists():
            release_routine(stored.patient, by=by, now=now)
    return stored


def _close(concern: Concern, words: str, reached: str, *, by: User, now: datetime) -> None:
    concern.acknowledged_at = concern.acknowledged_at or now
    concern.acknowledged_by = concern.acknowledged_by or by
    concern.outcome, concern.closed_by, concern.closed_at = words, by, now
    _save(concern, by)
    for task in tasks_of(concern):
        with suppress(TaskError):  # somebody has just closed it by itself
            close_task(task=task, outcome=words, by=by, now=now, reached=reached)


def tasks_of(concern: Concern) -> QuerySet[FollowUpTask]:
    """The open tasks that it has set off."""
    return all_tasks_of(concern).filter(closed_at__isnull=True)


def newer_task(concern: Concern, *, than: FollowUpTask) -> FollowUpTask | None:
    """The newest open task of the concern, if it came after that one."""
    return tasks_of(concern).filter(pk__gt=than.pk).order_by("pk").last()


def is_called(concern: Concern, *, about: FollowUpTask) -> bool:
    """Whether the patient was called since that task was opened."""
    return concern.called_at is not None and concern.called_at >= about.opened_at


def all_tasks_of(concern: Concern) -> QuerySet[FollowUpTask]:
    """Those that were closed or withdrawn as well."""
    return FollowUpTask.objects.filter(clinic=concern.clinic_id, source__startswith=concern.sources)


def _at_level(concern: Concern | None, session: TreatmentSession, *, level: Level, now: datetime) -> Concern:
    if concern is None:
        concern = Concern(clinic=session.clinic, patient=session.patient, session=session, opened_at=now)
    concern.level, concern.raised_at = level, now
    concern.acknowledged_at = concern.acknowledged_by = None
    return concern


def _tell_again(concern: Concern, level: Level, *, limit: timedelta, duty: Duty, now: datetime) -> None:
    """Opens a further task, unless one as urgent waits for a reader: it tells of this answer as well."""
    if _waits_unread(concern, level):
        return
    if level == concern.level and (concern.promised_at is None or concern.promised_at <= now):
        concern.promised_at = _call_by(concern, limit=limit, duty=duty, now=now)
        concern.save(update_fields=["promised_at"])
    _open_further(concern, _further(concern, level), limit=limit, duty=duty, now=now)


def _waits_unread(concern: Concern, level: Level) -> bool:
    """Whether a task that is as urgent waits for a reader."""
    unread = tasks_of(concern).filter(claimed_by__isnull=True)
    return any(Level(task.level).rank >= level.rank for task in unread)


def _call_by(concern: Concern, *, limit: timedelta, duty: Duty, now: datetime) -> datetime | None:
    """As promised_by, for a patient who can be called at all."""
    return promised_by(now=now, limit=limit, duty=duty) if concern.has_number else None


def _further(concern: Concern, level: Level) -> str:
    """The name of a further task."""
    return f"{level}:{all_tasks_of(concern).count() + 1}"


def _open_further(concern: Concern, name: str, *, limit: timedelta, duty: Duty, now: datetime) -> None:
    times = times_of(_level_in(name), now=now, limit=limit, duty=duty)
    times = replace(times, due_at=_as_promised(times.due_at, concern, now=now))
    _open_task(concern, name, times=times, duty=duty, now=now)


def _as_promised(due_at: datetime, concern: Concern, *, now: datetime) -> datetime:
    """No later than the call that the patient still waits for."""
    promised = concern.promised_at
    return due_at if promised is None or promised <= now else min(due_at, promised)


def _level_in(name: str) -> Level:
    return Level(name.partition(":")[0])


def _detail(name: str) -> str:
    level = _level_in(name).label
    if name.endswith(PHONE):
        return _("%(level)s – the patient has given a phone number") % {"level": level}
    if ":" in name:
        return _("%(level)s – the patient has answered again") % {"level": level}
    return str(level)


def _open_task(concern: Concern, name: str, *, times: Times, duty: Duty, now: datetime) -> None:
    """Opens a task of the concern, and tells of it as soon as it may.

    ``name``: the answer's level; of a further one at that level, with its number behind a colon, and what it
    tells of, if that is no answer, behind another.
    """
    level, waits = _level_in(name), now < times.told_from < times.due_at
    task = open_task(
        clinic=concern.clinic,
        patient=concern.patient,
        cause=Cause.CONCERN,
        source=f"{concern.sources}{name}",
        is_new=True,
        level=level,
        detail=_detail(name),
        now=now,
        deadline_at=times.due_at,
        tell_from=times.told_from if waits else None,
    )
    tell_now(task, now=now, duty=duty)
    wake_on_commit()


def _locked(concern: Concern) -> Concern:
    lock_patients([concern.patient_id])
    stored = Concern.objects.get(pk=concern.pk)
    if stored.closed_at is not None:
        raise ConcernError(_("This concern has been closed already."))
    return stored


def _save(concern: Concern, by: User) -> None:
    concern._history_user = by  # type: ignore[attr-defined]
    concern.save()
