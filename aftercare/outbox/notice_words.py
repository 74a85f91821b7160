"""What a notice says: that a task needs somebody, by when, and where. Of the patient it says nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftercare.clinics.dates import dated
from aftercare.clinics.models import Clinic, User
from aftercare.clinics.places import place
from aftercare.followups.addressees import MEMBER, Reader
from aftercare.followups.levels import Level
from aftercare.followups.models import FollowUpTask, Rung

TASKS = "/admin/followups/followuptask/"
"""The console's list of tasks. Asking the router for it would load the whole console into every worker."""


@dataclass(frozen=True)
class Words:
    """The subject and the plain text, in the clinic's language."""

    subject: str
    text: str
    language: str


def words_for(rung: Rung, tasks: Sequence[FollowUpTask], *, now: datetime, reader: Reader = MEMBER) -> Words:
    """One or several tasks of one clinic, told as ``rung``. Times are those of the clinic's zone."""
    clinic = tasks[0].clinic
    language = str(clinic.locale)
    groups = [(True, [task for task in tasks if task.deadline_at <= now])]
    groups.append((False, [task for task in tasks if task.deadline_at > now]))
    parts = [(late, group) for late, group in groups if group]
    with translation.override(language):
        level = max((Level(task.level) for task in tasks), key=lambda level: level.rank)
        untaken = _untaken(rung, tasks)
        heads = ". ".join(_subject(group, clinic, late) for late, group in parts)
        subject = _with(level, " – ", f"{untaken}{heads} · {clinic.name}")
        said = [line for late, group in parts for line in _said_of(group, clinic, late)]
        lines = [
            _with(level, ". ", untaken + said[0]),
            *said[1:],
            _link(tasks, reader),
            _why(rung, reader),
            _privacy(),
        ]
        return Words(subject[:200], "\n\n".join(lines) + "\n", language)


def words_of_not_reached(task: FollowUpTask, *, by: User, now: datetime, reader: Reader) -> Words:
    """That ``by`` did not reach an emergency's patient, and that somebody else must try."""
    clinic = task.clinic
    language = str(clinic.locale)
    at = {"who": by.called, "time": _clock(now, clinic)}
    with translation.override(language):
        subject = _("The patient was not reached. Somebody else must try now · %s") % clinic.name
        said = (
            _("An emergency's patient was not reached by %(who)s at %(time)s. Somebody else must try now.")
            % at
        )
        lines = [_with(Level.E, ". ", said), _until([task], clinic, task.deadline_at <= now)]
        lines += [_link([task], reader), _why(Rung.NOT_REACHED, reader), _privacy()]
        return Words(_with(Level.E, " – ", subject)[:200], "\n\n".join(lines) + "\n", language)


def _subject(tasks: Sequence[FollowUpTask], clinic: Clinic, late: bool) -> str:
    count = len(tasks)
    if _is_one_emergency(tasks):
        return _("Call the patient now") if late else _("Call the patient by %s") % _by(tasks, clinic)
    if late:
        said = ngettext("A task is overdue", "%(count)d tasks are overdue", count)
    else:
        said = ngettext("A task needs somebody", "%(count)d tasks need somebody", count)
    return said % {"count": count}


def _untaken(rung: Rung, tasks: Sequence[FollowUpTask]) -> str:
    """What a second mail leads with, so that it is not taken for the first one again."""
    if rung in (Rung.DUTY, Rung.AT_ONCE) or any(task.claimed_by_id for task in tasks):
        return ""
    if len(tasks) == 1 and tasks[0].notices.filter(rung=Rung.NOT_REACHED).exists():
        return _("The patient was not reached, and nobody has it now.") + " "
    return ngettext("Nobody has taken it on.", "Nobody has taken them on.", len(tasks)) + " "


def _is_one_emergency(tasks: Sequence[FollowUpTask]) -> bool:
    return len(tasks) == 1 and tasks[0].level == Level.E


def _with(level: Level, sign: str, said: str) -> str:
    """Led by the most urgent level, which tells how fast to be and nothing of the patient."""
    return said if level is Level.NONE else f"{level.label}{sign}{said}"


def _what(clinic: Clinic, count: int, late: bool) -> str:
    if late:
        said = ngettext(
            "A task at %(clinic)s is overdue.", "%(count)d tasks at %(clinic)s are overdue.", count
        )
    else:
        said = ngettext(
            "A task at %(clinic)s needs somebody.", "%(count)d tasks at %(clinic)s need somebody.", count
        )
    return said % {"count": count, "clinic": clinic.name}


def _said_of(tasks: Sequence[FollowUpTask], clinic: Clinic, late: bool) -> list[str]:
    return [_what(clinic, len(tasks), late), _until(tasks, clinic, late)]


def _until(tasks: Sequence[FollowUpTask], clinic: Clinic, late: bool) -> str:
    until, several = _said(min(task.deadline_at for task in tasks), clinic), len(tasks) > 1
    if _is_one_emergency(tasks):
        said = (
            _("Call the patient now: it should have been done by %s.")
            if late
            else _("Call the patient by %s.")
        )
        return said % until
    if late and several:
        return _("The first should have been done by %s.") % until
    if late:
        return _("It should have been done by %s.") % until
    if several:
        return _("The first should be done by %s.") % until
    return _("It should be done by %s.") % until


def _by(tasks: Sequence[FollowUpTask], clinic: Clinic) -> str:
    return _clock(min(task.deadline_at for task in tasks), clinic)


def _link(tasks: Sequence[FollowUpTask], reader: Reader) -> str:
    path = f"{TASKS}{tasks[0].pk}/change/" if len(tasks) == 1 else TASKS
    if reader.logs_in:
        return _("Read it and take it on:") + f"\n{settings.SITE_URL}{path}"
    ask = _("The page needs a log-in, and this address has none. Ring somebody who can log in")
    names = _("for example an owner: %s") % reader.ask if reader.ask else ""
    return ", ".join(filter(None, (ask, names))) + f".\n{settings.SITE_URL}{path}"


def _why(rung: Rung, reader: Reader) -> str:
    if rung is Rung.DUTY and reader.is_on_call:
        return _("You get this mail because the clinic is closed and you are on call.")
    return {
        Rung.DUTY: _("You get this mail because you are told of new tasks."),
        Rung.AT_ONCE: _("You get this mail because owners are told of every A and E at once."),
        Rung.SECOND: _("You get this mail because half of the time has passed and nobody has it."),
        Rung.OWNER: _("You get this mail because three quarters of the time have passed and nobody has it."),
        Rung.OVERDUE: _("You get this mail because its time has passed and it is not closed."),
        Rung.OPENING: _("You get this mail because it came while the clinic was shut, and is still open."),
        Rung.NOT_REACHED: _("You get this mail because whoever tried did not reach the patient."),
    }[rung]


def _privacy() -> str:
    return _("To protect the patient, this mail says nothing about them. Replies are not read.")


def _clock(instant: datetime, clinic: Clinic) -> str:
    return dated(instant.astimezone(clinic.time_zone), "H:i")


def _said(instant: datetime, clinic: Clinic) -> str:
    local = instant.astimezone(clinic.time_zone)
    return f"{dated(local, 'l j F Y, H:i')} ({place(clinic.time_zone)})"
