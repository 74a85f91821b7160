"""What a patient reads after answering: exactly the text that the clinic approved for the level."""

from datetime import datetime
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from aftercare.checkins.answering import level_shown
from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn, Concern
from aftercare.checkins.photos import MOST
from aftercare.checkins.rulebook import read
from aftercare.checkins.wording import asked_in_locale, page_words
from aftercare.clinics.hours import is_on_duty
from aftercare.clinics.models import Clinic
from aftercare.content.wording import language_of
from aftercare.outbox.localising import from_when
from aftercare.outbox.models import ScheduledMessage
from aftercare.pages.opening import patient_page
from aftercare.timing import FromWhen


def answer_page(
    request: HttpRequest, check_in: CheckIn, message: ScheduledMessage, *, now: datetime, refused: str = ""
) -> HttpResponse:
    """The level's text, with the time of the call only if one was promised and is still to come.

    While the clinic is open and nothing (any more) is promised, it says to call. ``refused``: why the photo
    just sent was not taken.
    """
    level, concern = level_shown(check_in)
    promised_at = concern.promised_at if concern else None
    text = _text(check_in, level, concern, message, now=now)
    heading, *paragraphs = _filled(text, message, promised_at)
    locale = asked_in_locale(message.patient)
    words = page_words(locale)
    return patient_page(
        request,
        "check_in_answer",
        message,
        locale=locale,
        form=words,
        heading=heading,
        paragraphs=paragraphs,
        takes_photos=level is not Level.E,  # nothing may keep anybody on this page then
        urgent=level in (Level.E, Level.A),
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        **_photos(check_in, words, refused=refused),
    )


def _photos(check_in: CheckIn, words: dict[str, str], *, refused: str) -> dict[str, object]:
    kept = check_in.photos.count()
    return {
        "photos_lead": words["photos_lead"].format(most=MOST),
        "photos_kept": words["photos_kept"].format(count=kept) if kept else "",
        "photos_full": kept >= MOST,
        "refused": refused,
    }


def _text(
    check_in: CheckIn, level: Level, concern: Concern | None, message: ScheduledMessage, *, now: datetime
) -> str:
    """The approved one; but to call, where it would promise a call for a time that has passed, or say that
    the clinic is closed while it is open. An emergency's never says to wait for the clinic."""
    locale = asked_in_locale(message.patient)
    texts = read(check_in.rules.content).texts[level][language_of(locale)]
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
