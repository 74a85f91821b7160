"""What a patient reads of the level that counts: exactly the text that the clinic approved for it."""

from dataclasses import dataclass
from datetime import datetime

from aftercare.checkins.answering import level_shown
from aftercare.checkins.levels import Level
from aftercare.checkins.models import Concern, RuleSet
from aftercare.checkins.rulebook import read
from aftercare.checkins.wording import asked_in_locale, page_words
from aftercare.clinics.hours import is_on_duty
from aftercare.clinics.models import Clinic
from aftercare.content.wording import language_of
from aftercare.outbox.localising import from_when
from aftercare.outbox.models import ScheduledMessage
from aftercare.timing import FromWhen


@dataclass(frozen=True)
class LevelText:
    """The worst open level of a session, with the clinic's numbers and the promised time in its text."""

    level: Level
    heading: str
    paragraphs: list[str]

    @property
    def is_urgent(self) -> bool:
        return self.level in (Level.E, Level.A)

    @property
    def is_emergency(self) -> bool:
        return self.level is Level.E


def level_text(message: ScheduledMessage, rules: RuleSet, *, now: datetime) -> LevelText:
    """With the time of the call only if one was promised and is still to come.

    While the clinic is open and nothing (any more) is promised, it says to call.
    """
    level, concern = level_shown(message.session_id)
    text = _text(rules, level, concern, message, now=now)
    heading, *paragraphs = _filled(text, message, concern.promised_at if concern else None)
    return LevelText(level, heading, paragraphs)


def _text(
    rules: RuleSet, level: Level, concern: Concern | None, message: ScheduledMessage, *, now: datetime
) -> str:
    """The approved one; but to call, where it would promise a call for a time that has passed, or say that
    the clinic is closed while it is open. An emergency's never says to wait for the clinic."""
    locale = asked_in_locale(message.patient)
    texts = read(rules.content).texts[level][language_of(locale)]
    open_now = is_on_duty(message.clinic, at=now)
    if concern is None:
        return texts["on_duty" if open_now else "closed"]
    promised_at = concern.promised_at
    if promised_at is not None and (promised_at > now or level is Level.E):
        return texts["on_duty"]
    if not open_now or level is Level.E:
        return texts["closed"]
    words = page_words(locale)
    lead = words["promise_passed" if promised_at else "open_now"]
    return "\n\n".join((words["no_form"], lead, words["call_otherwise"]))


def _filled(text: str, message: ScheduledMessage, promised_at: datetime | None) -> list[str]:
    """Its paragraphs with the clinic's numbers and the promised time in place."""
    places = _places(message.clinic)
    if promised_at is not None:
        local = promised_at.astimezone(message.patient.zone)
        at = FromWhen(local.date(), local.time().replace(second=0, microsecond=0))
        places["time"] = from_when(at, asked_in_locale(message.patient))
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return [" ".join(part.split()) for part in text.strip().split("\n\n")]


def _places(clinic: Clinic) -> dict[str, str]:
    return {
        "phone": clinic.phone,
        "out_of_hours": clinic.out_of_hours_contact,
        "emergency_number": clinic.emergency_number,
    }
