"""What a patient reads of the level that counts: exactly the text that the clinic approved for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

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

HEADINGS = {Level.A: "need_advice", Level.B: "no_form", Level.C: "answers_reached"}
"""What a patient reads first who was promised nothing (any more) while the clinic is open."""


@dataclass(frozen=True)
class Standing:
    """How a session stands: its worst open level, the concern behind it, and who is there to act on it."""

    message: ScheduledMessage
    rules: RuleSet
    level: Level
    concern: Concern | None
    duty: Duty
    now: datetime

    @classmethod
    def of(cls, message: ScheduledMessage, rules: RuleSet, *, now: datetime) -> "Standing":
        level, concern = level_shown(message.session_id)
        if concern is not None:
            concern.patient = message.patient
        return cls(message, rules, level, concern, duty_of(message.clinic), now)

    @property
    def is_open(self) -> bool:
        return self.duty.covers(self.now)

    @property
    def is_promised(self) -> bool:
        """Whether the text that tells of the promise may still be shown."""
        promised_at = self.concern.promised_at if self.concern else None
        if promised_at is None or promised_at <= self.now:
            return promised_at is not None and self.level is Level.E
        return self.duty.covers_some_of(since=self.now, until=promised_at)


class Said(NamedTuple):
    """A text with places in braces, its locale, and the names of our words that are added to it."""

    text: str
    locale: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LevelText:
    """The worst open level of a session, with the clinic's numbers and the promised time in its text.

    ``locale``: what the text is written in: where the clinic approved none in the patient's, its own.
    ``closed``: that the clinic has dealt with it, so that the text tells what to do if it is still there.
    ``notes``: what we add to it in our words, in the language of the page. ``concern``: what is open.
    """

    level: Level
    heading: SafeString
    paragraphs: list[SafeString]
    locale: str
    closed: bool = False
    notes: tuple[SafeString, ...] = ()
    concern: Concern | None = None

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
    return _of(Standing.of(message, rules, now=now))


def answer_text(check_in: CheckIn, message: ScheduledMessage, *, now: datetime) -> LevelText:
    """What whoever gave these answers reads: the worst that is open; of one that needed a human and is
    closed, never the text of those who need nobody."""
    standing = Standing.of(message, check_in.rules, now=now)
    if standing.concern is None and check_in.concern is not None:
        return _of_closed(message, Level(check_in.concern.level))
    return _of(standing)


def _of_closed(message: ScheduledMessage, level: Level) -> LevelText:
    """In our words: no text that a clinic approves is of an answer that it has dealt with already."""
    locale = asked_in_locale(message.patient)
    words, places = page_words(locale), _places(message, locale)
    said = ["closed_emergency", "closed_otherwise"] if level is Level.E else ["closed_still"]
    heading, *paragraphs = (filled(words[name], places, locale) for name in ("closed", *said))
    return LevelText(level, heading, paragraphs, locale, closed=True)


def _of(standing: Standing) -> LevelText:
    message, concern, said = standing.message, standing.concern, _said(standing)
    times = {
        "time": concern.promised_at if concern else None,
        "opens": standing.duty.next_start(standing.now),
    }
    places = _places(message, said.locale, times)
    heading, *paragraphs = (filled(part, places, said.locale) for part in _parted(said.text))
    asked = asked_in_locale(message.patient)
    words, places = page_words(asked), _places(message, asked, times)
    notes = tuple(filled(words[name], places, asked) for name in said.notes)
    return LevelText(standing.level, heading, paragraphs, said.locale, notes=notes, concern=concern)


def _said(standing: Standing) -> Said:
    """The approved text; but ours, where that would promise a call for a time that is over or to somebody who
    has given no number, or say that the clinic is closed while it is open.

    Where the hours were changed, so that nobody is there until the promised time, the clinic is closed.
    """
    level, concern = standing.level, standing.concern
    asked, by_language = asked_in_locale(standing.message.patient), book_of(standing.rules).texts[level]
    locale = first_written(asked, standing.message.clinic, by_language)
    approved = by_language[language_of(locale)]
    if concern is None:
        return Said(approved["on_duty" if standing.is_open else "closed"], locale)
    if standing.is_promised:
        return Said(approved["on_duty"], locale, () if level is Level.E else ("answers_reached",))
    if standing.is_open:
        return _while_open(level, concern, asked)
    # Who is in a hurry must not wait for the morning.
    waits = level in (Level.B, Level.C) and standing.duty.next_start(standing.now) is not None
    return Said(approved["closed"], locale, ("read_after",) if waits else ())


def _while_open(level: Level, concern: Concern, locale: str) -> Said:
    """In our words: no text that a clinic approves is of a time at which it is open and promises nothing."""
    words = page_words(locale)
    if level is Level.E:
        told = "emergency_told" if concern.has_number else "emergency_no_number"
        names = ("emergency_open", "emergency_signs", told)
        return Said("\n\n".join(words[name] for name in names), locale)
    lead = "promise_passed" if concern.promised_at else "open_now" if concern.has_number else "no_number"
    names = (
        HEADINGS[level],
        f"contact_{lead}" if level is Level.C else lead,
        "call_otherwise" if level is Level.A else "worse_otherwise",
    )
    notes = () if "answers_reached" in names else ("answers_reached",)
    return Said("\n\n".join(words[name] for name in names), locale, notes)


def _parted(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.strip().split("\n\n")]


def _places(
    message: ScheduledMessage, locale: str, times: Mapping[str, datetime | None] | None = None
) -> dict[str, str]:
    """The clinic's numbers and, where there are any, the times."""
    clinic = message.clinic
    places = {
        "phone": called(clinic.phone),
        "out_of_hours": called(clinic.out_of_hours_contact),
        "emergency_number": called(clinic.emergency_number),
    }
    for name, at in (times or {}).items():
        if at is not None:
            local = at.astimezone(message.patient.zone)
            when = FromWhen(local.date(), local.time().replace(second=0, microsecond=0))
            places[name] = from_when(when, locale)
    return places
