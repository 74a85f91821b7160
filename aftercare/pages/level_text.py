"""What a patient reads of the level that counts: exactly the text that the clinic approved for it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from aftercare.checkins.answering import level_shown
from aftercare.checkins.approving import book_of
from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn, Concern, RuleSet
from aftercare.checkins.wording import asked_in_locale, first_written, page_words
from aftercare.clinics.duty import Duty
from aftercare.clinics.hours import duty_of
from aftercare.content.wording import direction, language_of
from aftercare.outbox.localising import from_when
from aftercare.outbox.models import ScheduledMessage
from aftercare.pages.isolating import called, filled
from aftercare.timing import FromWhen


@dataclass(frozen=True)
class LevelText:
    """The worst open level of a session, with the clinic's numbers and the promised time in its text.

    ``locale``: what the text is written in: where the clinic approved none in the patient's, its own.
    ``closed``: that the clinic has dealt with it, so that the text tells what to do if it is still there.
    """

    level: Level
    heading: SafeString
    paragraphs: list[SafeString]
    locale: str
    closed: bool = False

    @property
    def language(self) -> str:
        return language_of(self.locale)

    @property
    def direction(self) -> str:
        return direction(self.locale)

    @property
    def is_urgent(self) -> bool:
        return self.level in (Level.E, Level.A) and not self.closed

    @property
    def is_emergency(self) -> bool:
        return self.level is Level.E


def level_text(message: ScheduledMessage, rules: RuleSet, *, now: datetime) -> LevelText:
    """With the time of the call only if one was promised and is still to come.

    While the clinic is open and nothing (any more) is promised, it says to call.
    """
    level, concern = level_shown(message.session_id)
    return _of_level(message, rules, level, concern, now=now)


def answer_text(check_in: CheckIn, message: ScheduledMessage, *, now: datetime) -> LevelText:
    """What whoever gave these answers reads: the worst that is open; of one that needed a human and is
    closed, never the text of those who need nobody."""
    level, concern = level_shown(message.session_id)
    if concern is None and check_in.concern is not None:
        return _of_closed(message, Level(check_in.concern.level))
    return _of_level(message, check_in.rules, level, concern, now=now)


def _of_closed(message: ScheduledMessage, level: Level) -> LevelText:
    """In our words: no text that a clinic approves is of an answer that it has dealt with already."""
    locale = asked_in_locale(message.patient)
    words, places = page_words(locale), _places(message, None, locale)
    said = ["closed_emergency", "closed_otherwise"] if level is Level.E else ["closed_still"]
    heading, *paragraphs = (filled(words[name], places, locale) for name in ("closed", *said))
    return LevelText(level, heading, paragraphs, locale, closed=True)


def _of_level(
    message: ScheduledMessage, rules: RuleSet, level: Level, concern: Concern | None, *, now: datetime
) -> LevelText:
    text, locale = _text(rules, level, concern, message, now=now)
    places = _places(message, concern.promised_at if concern else None, locale)
    heading, *paragraphs = (filled(part, places, locale) for part in _parted(text))
    return LevelText(level, heading, paragraphs, locale)


def _text(
    rules: RuleSet, level: Level, concern: Concern | None, message: ScheduledMessage, *, now: datetime
) -> tuple[str, str]:
    """The approved one, and its locale; but to call, where it would promise a call for a time that is over,
    or say that the clinic is closed while it is open. An emergency's never says to wait for the clinic.
    Where the hours were changed, so that nobody is there until the promised time, the clinic is closed."""
    asked = asked_in_locale(message.patient)
    by_language = book_of(rules).texts[level]
    locale = first_written(asked, message.clinic, by_language)
    texts = by_language[language_of(locale)]
    duty = duty_of(message.clinic)
    open_now = duty.covers(now)
    if concern is None:
        return texts["on_duty" if open_now else "closed"], locale
    promised_at = concern.promised_at
    if promised_at is not None and _stands(promised_at, level, duty, now=now):
        return texts["on_duty"], locale
    if not open_now or level is Level.E:
        return texts["closed"], locale
    words = page_words(asked)
    lead = words["promise_passed" if promised_at else "open_now"]
    return "\n\n".join((words["no_form"], lead, words["call_otherwise"])), asked


def _stands(promised_at: datetime, level: Level, duty: Duty, *, now: datetime) -> bool:
    """Whether the text that tells of the promise may still be shown."""
    if promised_at <= now:
        return level is Level.E
    return duty.covers_some_of(since=now, until=promised_at)


def _parted(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.strip().split("\n\n")]


def _places(message: ScheduledMessage, promised_at: datetime | None, locale: str) -> dict[str, str]:
    """The clinic's numbers and, if there is one, the promised time."""
    clinic = message.clinic
    places = {
        "phone": called(clinic.phone),
        "out_of_hours": called(clinic.out_of_hours_contact),
        "emergency_number": called(clinic.emergency_number),
    }
    if promised_at is not None:
        local = promised_at.astimezone(message.patient.zone)
        at = FromWhen(local.date(), local.time().replace(second=0, microsecond=0))
        places["time"] = from_when(at, locale)
    return places
