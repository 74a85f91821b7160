"""What a patient reads after answering: the level's text, and where to add photos or answer again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from aftercare.checkins.models import CheckIn
from aftercare.checkins.photos import MOST
from aftercare.checkins.wording import asked_in_locale, page_words
from aftercare.outbox.models import ScheduledMessage
from aftercare.pages.check_in_number import number_form
from aftercare.pages.isolating import with_emergency_number
from aftercare.pages.level_text import answer_text
from aftercare.pages.opening import contacts, patient_page


@dataclass(frozen=True)
class Refusal:
    """Why something just sent was not taken; ``file``: the one it is said of, by the name it came with."""

    why: str
    file: str = ""


def answer_page(
    request: HttpRequest,
    check_in: CheckIn,
    message: ScheduledMessage,
    *,
    now: datetime,
    refusals: Sequence[Refusal] = (),
) -> HttpResponse:
    """The text of the worst level that is open, or of a closed one, with what became of photos just sent."""
    locale = asked_in_locale(message.patient)
    words = page_words(locale)
    says = answer_text(check_in, message, now=now)
    return patient_page(
        request,
        "check_in_answer",
        message,
        locale=locale,
        form=words,
        says=says,
        **with_emergency_number(message.clinic, locale),
        contacts=contacts(message.clinic, locale, now=now, emergency=says.is_emergency),
        number=number_form(message, says.concern),
        takes_photos=not says.is_emergency,  # nothing may keep anybody on this page then
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refusals else HTTPStatus.OK,
        refusals=refusals,
        **_photos(check_in, words),
    )


def _photos(check_in: CheckIn, words: dict[str, str]) -> dict[str, object]:
    kept = check_in.photos.count()
    return {
        "photos_lead": words["photos_lead"].format(most=MOST),
        "photos_kept": words["photos_kept"].format(count=kept) if kept else "",
        "photos_full": kept >= MOST,
    }
