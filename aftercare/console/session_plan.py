"""The plan of a session in words: what each message is, when it goes, and what saving would change."""

import hashlib
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from aftercare.clinics.places import place
from aftercare.console.session_todo import Todo, todos
from aftercare.console.session_waits import Wait, waits_of_form
from aftercare.console.times import clock, said, said_shortly
from aftercare.outbox.delivery import LOST
from aftercare.outbox.forecasting import PlannedMessage, SessionFacts
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.previewing import Change, changes, opens_task, preview, would_revive, would_supersede
from aftercare.outbox.reasons import said_afterwards, sentences
from aftercare.outbox.revising import Effect
from aftercare.outbox.suppressing import reasons_against
from aftercare.timing import Reason
from aftercare.treatments.models import TreatedArea, TreatmentSession

TONES: dict[str, str] = {
    Status.SCHEDULED: "good",
    Status.CLAIMED: "good",
    Status.SENDING: "good",
    Status.SENT: "done",
    Status.HELD: "wait",
    Status.UNKNOWN: "wait",
    Status.UNCONFIRMED: "bad",
    Status.FAILED: "bad",
    Status.MISSED: "bad",
}
GOING = (Status.SCHEDULED, Status.CLAIMED, Status.SENDING)
SUPPRESSED_FOR: dict[str, Promise] = {
    "unsubscribed": gettext_lazy("unsubscribed"),
    "complained": gettext_lazy("reported as spam"),
    "bounced": gettext_lazy("mail to this address comes back"),
    "bounced often": gettext_lazy("mail to this address comes back"),
}
"""The reasons that the engine gives; staff write their own."""
EFFECTS: dict[str, Promise] = {
    Effect.STARTS: gettext_lazy("New"),
    Effect.MOVES: gettext_lazy("Changes"),
    Effect.STOPS: gettext_lazy("Stops"),
    Effect.STAYS: gettext_lazy("Stays as it is"),
    Effect.FINAL: gettext_lazy("Over: stays as it is"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message for the eye. ``tone`` is a colour: good, wait, bad, done or quiet.

    ``opens_task``: that saving asks a human to see to it.
    """

    name: str
    when: str
    until: str
    status: str
    tone: str
    reasons: list[str] = field(default_factory=list)
    effect: str = ""
    changes: bool = False
    was: str = ""
    message: ScheduledMessage | None = None
    safety_critical: bool = False
    state: Status
    opens_task: bool = False

    @property
    def goes(self) -> bool:
        return self.state in GOING


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The lines, the waits, what is missing, and a digest of what saving would change.

    ``superseded``, ``revived``: messages of the patient's other sessions that stop, or go after all.
    """

    lines: list[Line] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    superseded: list[Line] = field(default_factory=list)
    revived: list[Line] = field(default_factory=list)
    missing: list[Todo] = field(default_factory=list)
    zone: str = ""
    ended: str = ""
    changes_something: bool = False
    digest: str = ""

    @property
    def said(self) -> str:
        """In a line: how many messages will go and when the first, what is held, and that a task opens."""
        going = [line for line in self.lines if line.goes]
        held = sum(line.state == Status.HELD for line in self.lines)
        parts = [_going(going) if going else _("No message is still to come")]
        parts += [ngettext("%(number)s held", "%(number)s held", held) % {"number": held}] if held else []
        parts += [_("a follow-up task is opened")] if any(line.opens_task for line in self.lines) else []
        return "; ".join(parts)


class ReadForm(Protocol):
    """What a plan needs of the session's form."""

    cleaned_data: dict[str, Any]
    instance: TreatmentSession

    def problems(self) -> dict[str, list[str]]: ...

    def session_areas(self) -> list[TreatedArea]: ...

    def treatment(self) -> TreatmentSession: ...


def plan_of(form: ReadForm, *, now: datetime) -> Plan:
    """The plan of the session as the form has it; without lines while too little is known."""
    facts = facts_of(form)
    if facts is None:
        return Plan(missing=todos(form.problems()))
    found = changes(form.instance, facts, now=now) if _has_messages(form.instance) else []
    lines = [_changed(change, now) for change in found] or [_planned(p, now) for p in preview(facts, now=now)]
    touched = [change for change in found if change.effect in (Effect.STARTS, Effect.MOVES, Effect.STOPS)]
    revived = would_revive(form.instance, now=now, saved=_saved(facts)) if found else []
    return Plan(
        lines=lines,
        waits=waits_of_form(form, facts),
        superseded=[_taken_over(row) for row in would_supersede(facts)],
        revived=[as_revived(row) for row in revived],
        missing=todos(form.problems()),
        zone=place(facts.patient.zone),
        ended=said(facts.ended_at, facts.patient.zone),
        changes_something=bool(touched or revived),
        digest=_digest(touched, revived),
    )


def _saved(facts: SessionFacts) -> TreatmentSession | None:
    """The completed session as it would be saved: where it is to take its place among the patient's."""
    saved = copy(facts.treatment)
    if saved is not None:
        saved.patient, saved.protocol, saved.ended_at = facts.patient, facts.protocol, facts.ended_at
    return saved


def _going(lines: list[Line]) -> str:
    text = ngettext(
        "%(number)s message: %(when)s, %(status)s",
        "%(number)s messages, first: %(when)s, %(status)s",
        len(lines),
    )
    first = lines[0]
    return text % {"number": len(lines), "when": first.when, "status": first.status}


def _has_messages(session: TreatmentSession) -> bool:
    return session.pk is not None and session.scheduled_messages.exists()


def facts_of(form: ReadForm) -> SessionFacts | None:
    """What is known of the session so far; None while it is too little for a plan."""
    session = form.instance
    known = {name: form.cleaned_data.get(name) for name in ("patient", "protocol", "ended_at")}
    if session.pk:
        known = {name: value or getattr(session, name) for name, value in known.items()}
    if not all(known.values()):
        return None
    skipped = frozenset(session.skipped_steps)
    own = {"completed_at": session.completed_at, "session_id": session.pk, "skipped": skipped}
    return SessionFacts(**known, **own, treatment=form.treatment())  # type: ignore[arg-type]


def line_of(row: ScheduledMessage) -> Line:
    """A stored message: when it went or goes, in the patient's zone, and why it stands where it stands."""
    zone = row.patient.zone
    why = [str(row.get_why_display())] if row.why else []
    told = [str(row.get_delivery_display())] if row.delivery else []
    detail = [row.why_detail] if row.why_detail else []
    moved = said_afterwards(row.moved_by) if row.sent_at else sentences(row.moved_by)
    return Line(
        name=row.step.name,
        when=said_shortly(row.sent_at or _leaves_at(row), zone),
        until=clock(row.latest_at, zone),
        status=_named(row.get_status_display(), row.why),
        tone="bad" if row.delivery in LOST else TONES.get(row.status, "quiet"),
        reasons=[*told, *why, *detail, *moved],
        message=row,
        safety_critical=row.safety_critical,
        state=Status(row.status),
    )


def lines_of(rows: Iterable[ScheduledMessage]) -> list[Line]:
    """Stored messages; those that a suppression will stop say so."""
    found = list(rows)
    stopped = {pk: will_not_be_sent(why) for pk, why in reasons_against(found).items()}
    return [_line_or_stopped(row, stopped.get(row.pk, "")) for row in found]


def _line_or_stopped(row: ScheduledMessage, stopped: str) -> Line:
    line = line_of(row)
    return replace(line, tone="quiet", reasons=[stopped, *line.reasons]) if stopped else line


def will_not_be_sent(why: str) -> str:
    """What a message reads that a suppression will stop, made for that reason."""
    return _("Will not be sent: %(why)s") % {"why": SUPPRESSED_FOR.get(why, why) or _("address suppressed")}


def _leaves_at(message: ScheduledMessage | PlannedMessage) -> datetime:
    """The promised instant, or the end of the time to undo if that comes later."""
    return message.due_at if message.status == Status.SCHEDULED else message.send_at


def _taken_over(row: ScheduledMessage) -> Line:
    return replace(line_of(row), status=str(Status.SUPERSEDED.label), state=Status.SUPERSEDED, tone="quiet")


def _planned(planned: PlannedMessage, now: datetime) -> Line:
    return Line(
        name=planned.step.name,
        when=said_shortly(_leaves_at(planned), planned.zone),
        until=clock(planned.latest_at, planned.zone),
        status=_status(planned, now),
        tone=TONES.get(planned.status, "quiet"),
        reasons=planned.reasons,
        safety_critical=planned.step.safety_critical,
        opens_task=opens_task(planned),
        state=planned.status,
    )


def _changed(change: Change, now: datetime) -> Line:
    """One message under the new plan, beside what stands now."""
    old = line_of(change.row) if change.row else None
    if old and (change.planned is None or change.effect in (Effect.FINAL, Effect.STAYS, Effect.STOPS)):
        return _kept(change, old)
    new = _planned(change.planned, now)  # type: ignore[arg-type] # without a row there is a plan
    was = old.when if old and change.effect == Effect.MOVES and old.when != new.when else ""
    return replace(new, effect=str(EFFECTS[change.effect]), changes=True, was=was)


def _kept(change: Change, old: Line) -> Line:
    kept = replace(old, effect=str(EFFECTS[change.effect]), opens_task=change.opens_task)
    if change.effect != Effect.STOPS:
        return kept
    return replace(
        kept,
        changes=True,
        tone="bad",
        status=str(change.to.label),
        when="",
        until="",
        was=old.when,
        reasons=_why_it_stops(change),
        state=change.to,
    )


def _why_it_stops(change: Change) -> list[str]:
    if change.planned is not None and change.planned.why == change.why:
        return change.planned.reasons
    return [str(Why(change.why).label)] if change.why else []


def _status(planned: PlannedMessage, now: datetime) -> str:
    late = planned.due_at <= now or Reason.late_entry.value in planned.moved_by
    if planned.status == Status.SCHEDULED and late and Reason.quiet_hours.value not in planned.moved_by:
        return _("Goes now")
    return _named(str(planned.status.label), planned.why)


def _named(status: str, why: str) -> str:
    """The status; of a leaflet that came with another session's message, that it came."""
    return _("Sent already") if why == Why.ALREADY_SENT else status


def as_revived(row: ScheduledMessage) -> Line:
    """A message that another session's took the place of, as it goes after all."""
    return replace(line_of(row), status=str(Status.SCHEDULED.label), tone="good", reasons=[])


def _digest(touched: list[Change], revived: list[ScheduledMessage]) -> str:
    """The same as long as the same messages change in the same way, whatever the minute."""
    said_so: list[Any] = [
        (change.step.pk, change.effect, change.planned and (change.planned.status, change.planned.planned_at))
        for change in touched
    ]
    if revived:
        said_so.append([row.pk for row in revived])
    return hashlib.sha256(repr(said_so).encode()).hexdigest()[:16]
