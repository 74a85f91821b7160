"""A patient's answers: kept as they come, weighed at once, and never lost to a second tab or a double tap.

Each part of the form is stored and weighed when it is sent, so that a worrying answer reaches the clinic even
if the patient stops there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import UUIDField
from django.utils import translation

from aftercare.checkins.approving import book_of, rules_in_force
from aftercare.checkins.concerns import open_concern, raise_concern
from aftercare.checkins.lapsing import has_lapsed
from aftercare.checkins.levels import Level, worst
from aftercare.checkins.models import CheckIn, Concern, RuleSet
from aftercare.checkins.parts import part_of
from aftercare.checkins.questions import BY_CODE, LONGEST_NOTE, Question, only_asked, questions_for, with_note
from aftercare.checkins.reminding import withdraw_reminders
from aftercare.checkins.rulebook import RuleBook
from aftercare.checkins.triage import Facts, Triage, triage
from aftercare.checkins.unanswered import withdraw_unanswered
from aftercare.clinics.hours import duty_of
from aftercare.clinics.kept import Blank, Kept, insert
from aftercare.outbox.holding import lock_patient
from aftercare.outbox.locking import lock_patients
from aftercare.outbox.models import ScheduledMessage
from aftercare.treatments.depth import band_of
from aftercare.treatments.models import TreatedArea, TreatmentSession
from aftercare.treatments.screening import risks_of

BEGUN_LAST = Kept(
    lambda: (
        CheckIn.objects.filter(message=Blank("message", UUIDField()))
        .select_related("rules", "concern")
        .defer("rules__content")
        .order_by("-number")[:1]
    )
)
DEPTHS = Kept(lambda: TreatedArea.objects.filter(session=Blank("session")).values_list("depth_mm"))


class NothingAsked(Exception):
    """The clinic has no approved rules, or the message asks for nothing."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What was sent at once: answers as they came, the note if its field was shown, whether that is all."""

    answers: Mapping[str, object]
    note: str | None = None
    last: bool = False


def asks(message: ScheduledMessage) -> bool:
    """Whether there is a form behind the message's link: it asks, and the clinic has approved rules."""
    return message.step.template.asks_check_in and rules_in_force(message.clinic_id) is not None


def day_of(session: TreatmentSession, *, now: datetime) -> int:
    """How many local days after the treatment it is where the patient is."""
    zone = session.patient.zone
    return max(0, (now.astimezone(zone).date() - session.ended_at.astimezone(zone).date()).days)


def facts_of(session: TreatmentSession, *, day: int, now: datetime) -> Facts:
    """What triage must know of the treatment. Reads the session's areas."""
    return Facts(
        day=day,
        hours=max(0, int((now - session.ended_at).total_seconds() // 3600)),
        variant=session.variant,
        band=band_of(depth for (depth,) in DEPTHS.all(session=session.pk)),
        history=frozenset(risks_of(session.screening)),
    )


def rules_for(message: ScheduledMessage) -> RuleSet:
    """By which an answer that comes now is weighed. Raises NothingAsked."""
    rules = rules_in_force(message.clinic_id)
    if rules is None or not message.step.template.asks_check_in:
        raise NothingAsked
    return rules


def newest(message: ScheduledMessage, *, now: datetime) -> CheckIn | None:
    """The check-in that was begun last, open or finished; None if the patient is to begin afresh."""
    known = _last(message)
    return None if known is None or has_lapsed(known, message, now=now) else known


def _last(message: ScheduledMessage) -> CheckIn | None:
    return BEGUN_LAST.first(message=message.pk)


def asked_in(check_in: CheckIn | None, message: ScheduledMessage, *, now: datetime) -> list[Question]:
    """The questions of an open check-in, as of the day it was begun; else those of today."""
    day = check_in.day if check_in and check_in.is_open else day_of(message.session, now=now)
    return questions_for(variant=message.session.variant, day=day)


def weigh(message: ScheduledMessage, given: Given, *, now: datetime) -> Level:
    """The level of these answers alone, storing nothing. Raises NothingAsked."""
    rules = rules_for(message)
    day = day_of(message.session, now=now)
    answers = only_asked(given.answers, variant=message.session.variant, day=day)
    weighed = with_note(answers, given.note or "")
    return triage(book_of(rules), weighed, facts_of(message.session, day=day, now=now)).level


def begin_again(message: ScheduledMessage, *, now: datetime) -> CheckIn:
    """A new check-in beside those before; the open one unless it has lapsed. Raises NothingAsked."""
    with transaction.atomic():
        lock_patients([message.patient_id])
        known = _still_open_or_last(message, now)
        if known is not None and known.is_open:
            return known
        begun = _begin(message, known, now)
        begun.save()
        return begun


def answer(message: ScheduledMessage, given: Given, *, now: datetime) -> CheckIn:
    """Keeps what was given, weighs all so far, and raises a concern if a human is needed, in one transaction.

    The check-in is finished when all is answered, or at once by an emergency. What repeats a finished
    check-in changes nothing; what differs from it, or comes after an open one has lapsed, begins another.
    Raises NothingAsked.
    """
    if not message.step.template.asks_check_in:
        raise NothingAsked
    # What is written for staff is in the clinic's language, whatever the patient's browser asks for.
    with translation.override(message.clinic.locale), transaction.atomic():
        message.session.patient = patient = lock_patient(message.patient_id)
        patient.clinic = message.clinic
        check_in = _still_open_or_last(message, now)
        if check_in is None or _is_new(check_in, message.session, given):
            check_in = _begin(message, check_in, now)
        if check_in.is_open:
            _take(check_in, message.session, given, now)
    return check_in


def level_shown(session_id: int) -> tuple[Level, Concern | None]:
    """The worst that is open for this session: its concern's level, else none."""
    concern = open_concern(session_id)
    return worst([Level(concern.level)] if concern else []), concern


def _still_open_or_last(message: ScheduledMessage, now: datetime) -> CheckIn | None:
    """The check-in begun last, which is closed for good if it has lapsed; its concern stays open."""
    last = _last(message)
    if last is not None and has_lapsed(last, message, now=now):
        last.lapsed_at = now
        last.save(update_fields=["lapsed_at"])
    return last


def _begin(message: ScheduledMessage, known: CheckIn | None, now: datetime) -> CheckIn:
    """A check-in that is still to be stored."""
    return CheckIn(
        clinic_id=message.clinic_id,
        patient_id=message.patient_id,
        session=message.session,
        message=message,
        number=known.number + 1 if known else 1,
        rules=rules_for(message),
        day=day_of(message.session, now=now),
        started_at=now,
    )


def _is_new(check_in: CheckIn, session: TreatmentSession, given: Given) -> bool:
    """Whether it says something else than a check-in that is finished, or comes after one that has lapsed."""
    if check_in.answered_at is None:
        return not check_in.is_open
    answers = only_asked(given.answers, variant=session.variant, day=check_in.day)
    same_note = given.note is None or given.note.strip()[:LONGEST_NOTE] == check_in.note
    return not same_note or any(check_in.answers.get(code) != answer for code, answer in answers.items())


def _take(check_in: CheckIn, session: TreatmentSession, given: Given, now: datetime) -> None:
    before = CheckIn(answers=dict(check_in.answers), note=check_in.note)
    answers = only_asked(given.answers, variant=session.variant, day=check_in.day)
    note = None if given.note is None else given.note.strip()[:LONGEST_NOTE]
    if part := part_of(answers, note, before=before, now=now):
        check_in.parts.append(part)
    check_in.answers |= answers
    check_in.note = before.note if note is None else note
    book = book_of(check_in.rules)
    weighed = with_note(check_in.answers, check_in.note)
    result = triage(book, weighed, facts_of(session, day=check_in.day, now=now))
    same_reasons = set(result.reasons) <= set(check_in.reasons)
    news = check_in.concern_id is None or not same_reasons or _says_more(check_in, before)
    _keep_the_worst(check_in, result)
    if _is_finished(check_in, session, given, result):
        check_in.answered_at = now
        withdraw_unanswered(check_in.message_id, now=now)
    if result.level is not Level.NONE:
        check_in.concern = _concern(session, book, result.level, news=news, now=now)
    if check_in.answered_at or check_in.concern:
        withdraw_reminders(session, now=now)
    if check_in._state.adding:
        insert(check_in)
    else:
        check_in.save()


def _keep_the_worst(check_in: CheckIn, result: Triage) -> None:
    """A milder answer, from a second tab or the way back, takes no level and no reason away."""
    first, then = list(result.reasons), check_in.reasons
    if Level(check_in.level).rank > result.level.rank:
        first, then = then, first
    check_in.level = worst([Level(check_in.level), result.level])
    check_in.reasons = list(dict.fromkeys([*first, *then]))


def _says_more(check_in: CheckIn, before: CheckIn) -> bool:
    """Whether it has other words than before, or a worse answer to a question that was answered."""
    other_words = bool(check_in.note) and check_in.note != before.note
    return other_words or any(
        BY_CODE[code].severity(answer) > BY_CODE[code].severity(before.answers[code])
        for code, answer in check_in.answers.items()
        if code in before.answers
    )


def _is_finished(check_in: CheckIn, session: TreatmentSession, given: Given, result: Triage) -> bool:
    asked = {one.code for one in questions_for(variant=session.variant, day=check_in.day)}
    return result.level is Level.E or (given.last and asked <= set(check_in.answers))


def _concern(
    session: TreatmentSession, book: RuleBook, level: Level, *, news: bool, now: datetime
) -> Concern:
    duty = duty_of(session.clinic)
    return raise_concern(session, level=level, limit=book.limits[level], duty=duty, news=news, now=now)
