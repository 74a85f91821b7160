"""What a patient reads after answering: exactly the text that the clinic approved for the level."""

from datetime import datetime
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from aftercare.checkins.answering import level_shown
from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn
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
    """The level's text, with the time of the call only if one was promised.

    ``refused``: why the photo just sent was not taken.
    """
    level, concern = level_shown(check_in)
    promised_at = concern.promised_at if concern else None
    on_duty = promised_at is not None if concern else is_on_duty(message.clinic, at=now)
    heading, *paragraphs = _text(check_in, level, message, on_duty=on_duty, promised_at=promised_at)
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
    check_in: CheckIn,
    level: Level,
    message: ScheduledMessage,
    *,
    on_duty: bool,
    promised_at: datetime | None,
) -> list[str]:
    locale = asked_in_locale(message.patient)
    texts = read(check_in.rules.content).texts[level][language_of(locale)]
    text = texts["on_duty" if on_duty else "closed"]
    places = _places(message.clinic)
    if promised_at is not None:
        local = promised_at.astimezone(message.patient.zone)
        places["time"] = from_when(
            FromWhen(local.date(), local.time().replace(second=0, microsecond=0)), locale
        )
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return [" ".join(part.split()) for part in text.strip().split("\n\n")]


def _places(clinic: Clinic) -> dict[str, str]:
    return {
        "phone": clinic.phone,
        "out_of_hours": clinic.out_of_hours_contact,
        "emergency_number": clinic.emergency_number,
    }
