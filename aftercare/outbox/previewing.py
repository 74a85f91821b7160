"""Showing staff what saving will do, before they save. Reads only."""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from aftercare.clinics.addresses import comparable
from aftercare.content.models import Language, TemplateVersion
from aftercare.content.wording import language_of
from aftercare.outbox.concluding import needs_a_human
from aftercare.outbox.covering import Told, told_on_days
from aftercare.outbox.forecasting import PlannedMessage, SessionFacts, forecast
from aftercare.outbox.lateness import asks_for_a_call
from aftercare.outbox.models import Purpose, ScheduledMessage, Status, Suppression, Why
from aftercare.outbox.promising import ended_as, for_planning, is_new, makes_late, rows_of
from aftercare.outbox.revising import UNSENT, Effect, Revision, effect_of, revise, times
from aftercare.outbox.superseding import Place, course_of, newer_than, taken_over_by
from aftercare.protocols.models import PLANNED_KINDS, ProtocolStep
from aftercare.treatments.models import SessionState, TreatmentSession


@dataclass(frozen=True)
class Change:
    """What becomes of one step's message: the row that is there, the new plan for it, and the effect.

    ``to`` and ``why``: where it will stand. ``opens_task``: whether saving asks a human to see to it.
    """

    step: ProtocolStep
    row: ScheduledMessage | None
    planned: PlannedMessage | None
    effect: Effect
    to: Status
    why: str = ""
    opens_task: bool = False


def preview(facts: SessionFacts, *, now: datetime) -> list[PlannedMessage]:
    """The messages a session with these facts would get if it were completed at ``now``.

    The same plan that completing writes down, with notes on what would keep a message from being sent as
    expected: no approved text, another language, an address that may not be mailed.
    """
    plan = forecast(_in_course(facts), now=now)
    texts = _languages(plan)
    suppressed = _is_suppressed(facts)
    return [replace(planned, notes=_notes(planned, facts, texts, suppressed)) for planned in plan]


def changes(session: TreatmentSession, facts: SessionFacts, *, now: datetime) -> list[Change]:
    """What saving a session with new facts would do to each of its messages, in the order of the steps.

    For a completed session, give ``facts`` its ``completed_at``.
    """
    planned_rows = session.scheduled_messages.filter(step__kind__in=PLANNED_KINDS)
    rows = {row.step_id: row for row in planned_rows.select_related("step")}
    completing = session.state != SessionState.COMPLETED
    found = []
    for planned in preview(facts, now=now):
        row = rows.pop(planned.step.pk, None)
        if row is not None:
            found.append(_change(row, planned, now))
        elif is_new(planned, completing=completing):
            found.append(_new(planned))
    found += [_change(row, None, now) for row in rows.values()]
    return sorted(found, key=lambda change: change.step.number)


def would_supersede(facts: SessionFacts) -> list[ScheduledMessage]:
    """Unsent messages of the patient's earlier sessions that completing this one would supersede."""
    if facts.patient.pk is None:
        return []
    rows = ScheduledMessage.objects.filter(
        status__in=UNSENT,
        patient=facts.patient,
        session__state=SessionState.COMPLETED,
        session__ended_at__lt=facts.ended_at,
    )
    others = rows.exclude(session=facts.session_id).select_related("step", "session__protocol")
    zone, place = facts.patient.zone, facts.place
    unsent = others.order_by("send_at")
    return [row for row in unsent if place.takes_over(row.step, Place.of(row.session, zone))]


def would_revive(
    session: TreatmentSession, *, now: datetime, saved: TreatmentSession | None = None
) -> list[ScheduledMessage]:
    """Messages that this session superseded or covered, and that go after all when it is voided or reopened.

    Each has the times that it will have then, as its protocol stands now; nothing is stored. With ``saved``,
    the session as it would be saved: when it is saved so.
    """
    rows = ScheduledMessage.objects.filter(superseded_by=session, status=Status.SUPERSEDED)
    found = list(rows.select_related("step", "patient__clinic", "session__protocol").order_by("send_at"))
    if not found:
        return []
    course = course_of([session.patient_id], clinics=[session.clinic_id])[session.patient_id]
    course = [each for each in course if each.pk != session.pk] + ([saved] if saved else [])
    course.sort(key=lambda each: (each.ended_at, each.pk))
    goes = _would_go({row.session_id for row in found}, course, saved, now)
    revived = []
    for row in found:
        if planned := goes.get((row.session_id, row.step_id)):
            for name, value in times(planned).items():
                setattr(row, name, value)
            revived.append(row)
        elif row.step.kind not in PLANNED_KINDS and row.latest_at > now and not _taken_over(row, course):
            revived.append(row)
    return sorted(revived, key=lambda row: row.send_at)


def _would_go(
    ids: Iterable[int], course: list[TreatmentSession], saved: TreatmentSession | None, now: datetime
) -> dict[tuple[int, int], PlannedMessage]:
    """By session and step, the messages that go, with this course."""
    sessions = list(for_planning(TreatmentSession.objects.filter(pk__in=ids)))
    courses = {each.patient_id: course for each in sessions}
    rows = rows_of(sessions)
    told = told_on_days(sessions, courses, rows, instead=[saved] if saved else [])
    plans = {each.pk: forecast(_facts(each, course, told), now=now) for each in sessions}
    return {(pk, one.step.pk): one for pk, plan in plans.items() for one in plan if one.status in UNSENT}


def _facts(
    session: TreatmentSession, course: list[TreatmentSession], told: Mapping[int | None, Mapping[int, Told]]
) -> SessionFacts:
    newer = newer_than(session.ended_at, session.pk, course)
    return SessionFacts.of(session, newer=newer, told=told.get(session.pk))


def _taken_over(row: ScheduledMessage, course: list[TreatmentSession]) -> bool:
    newer = newer_than(row.session.ended_at, row.session_id, course)
    return taken_over_by(row.step, Place.of(row.session, row.patient.zone), newer) is not None


def _new(planned: PlannedMessage) -> Change:
    return Change(
        planned.step, None, planned, Effect.STARTS, planned.status, planned.why, opens_task(planned)
    )


def _change(row: ScheduledMessage, planned: PlannedMessage | None, now: datetime) -> Change:
    revision = revise(row, planned, now=now)
    effect = effect_of(row, revision)
    if revision is None:
        return Change(row.step, row, planned, effect, Status(row.status), row.why)
    to = ended_as(row, revision)
    return Change(row.step, row, planned, effect, to, revision.why, _asks_a_human(row, revision, to))


def opens_task(planned: PlannedMessage) -> bool:
    """Whether completing a session with this message opens a task, because it comes too late."""
    return planned.why == Why.ENTERED_LATE and asks_for_a_call(planned.step)


def _asks_a_human(row: ScheduledMessage, revision: Revision, to: Status) -> bool:
    if revision.window_passed:
        return needs_a_human(row, to)
    return makes_late(row, revision) and asks_for_a_call(row.step)


def _in_course(facts: SessionFacts) -> SessionFacts:
    """With what the patient's other sessions mean for this one."""
    if facts.newer or facts.patient.pk is None:
        return facts
    course = course_of([facts.patient.pk], clinics=[facts.patient.clinic_id])[facts.patient.pk]
    newer = tuple(newer_than(facts.ended_at, facts.session_id, course))
    return replace(facts, newer=newer, told=_told(facts, course))


def _told(facts: SessionFacts, course: list[TreatmentSession]) -> Mapping[int, Told]:
    """What has left for others of its day; nothing while it is not known who treated what."""
    session = copy(facts.treatment)
    if session is None or session.practitioner_id is None or not session.areas.all():
        return {}
    session.patient, session.clinic = facts.patient, facts.patient.clinic
    session.protocol, session.ended_at = facts.protocol, facts.ended_at
    rows = rows_of([session]) if session.pk else {}
    return told_on_days([session], {facts.patient.pk: course}, rows).get(session.pk, {})


def _languages(plan: list[PlannedMessage]) -> dict[int, set[str]]:
    """Template id → the languages it has an approved text in."""
    found: dict[int, set[str]] = {planned.step.template_id: set() for planned in plan}
    approved = TemplateVersion.objects.approved().filter(template__in=list(found))
    for template_id, language in approved.values_list("template_id", "language"):
        found[template_id].add(language)
    return found


def _is_suppressed(facts: SessionFacts) -> bool:
    purposes = (Purpose.ALL, Purpose.CARE)
    address = comparable(facts.patient.email)
    clinic = facts.patient.clinic_id
    return Suppression.objects.filter(clinic=clinic, email=address, purpose__in=purposes).exists()


def _notes(
    planned: PlannedMessage, facts: SessionFacts, texts: dict[int, set[str]], suppressed: bool
) -> tuple[str, ...]:
    if planned.status not in UNSENT:
        return ()
    notes = [_("This address may not be mailed: it will not be sent.")] if suppressed else []
    notes += _text_notes(texts[planned.step.template_id], facts)
    return tuple(notes)


def _text_notes(approved: set[str], facts: SessionFacts) -> list[str]:
    wanted = language_of(facts.patient.written_locale)
    if not approved:
        return [_("No approved text: it cannot be sent until a clinician approves one.")]
    if wanted in approved:
        return []
    fallback = language_of(facts.patient.clinic.locale)
    sent = fallback if fallback in approved else min(approved)
    text = _("No approved text in %(wanted)s: %(sent)s will be sent.")
    return [text % {"wanted": Language(wanted).label, "sent": Language(sent).label}]
