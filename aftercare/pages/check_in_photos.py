"""Taking in the photos that a patient adds after answering, so that no photo can stand in an answer's way."""

from datetime import datetime
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from aftercare.checkins.answering import newest
from aftercare.checkins.models import CheckIn
from aftercare.checkins.pacing import over_limit
from aftercare.checkins.photos import (
    LARGEST_BYTES,
    LARGEST_PIXELS,
    MOST,
    Enough,
    PhotoRefused,
    TooBig,
    TooManyPoints,
    add_photo,
)
from aftercare.checkins.wording import asked_in_locale, page_words
from aftercare.outbox import clock
from aftercare.outbox.links import CHECK_IN
from aftercare.outbox.models import ScheduledMessage
from aftercare.pages.check_in_answer import Refusal, answer_page
from aftercare.pages.opening import client_address, opened_by

LARGEST_POST = MOST * LARGEST_BYTES + 100_000
PIECE = 2**20
MOST_READ_AWAY = 512 * PIECE
"""Bytes: more than four files that a phone's camera makes, videos apart."""
REFUSALS = {TooBig: "photo_too_big", TooManyPoints: "photo_too_many_points", Enough: "photos_full"}


@csrf_exempt  # as for the answers: the signed token is the proof
@require_POST
@opened_by(CHECK_IN)
def photos_page(request: HttpRequest, message: ScheduledMessage, now: datetime) -> HttpResponse:
    """Keeps every photo that can be read, and says of each other file why it was not taken."""
    check_in = newest(message, now=now)
    over = over_limit(link=message.pk.hex, address=client_address(request), now=now)
    if check_in is None or check_in.answered_at is None:
        _read_away(request)
        return HttpResponseRedirect("../", status=HTTPStatus.SEE_OTHER)
    refusals = _take(request, check_in, over=bool(over))
    if refusals:
        return answer_page(request, check_in, message, now=now, refusals=refusals)
    return HttpResponseRedirect("../#photos", status=HTTPStatus.SEE_OTHER)


def _take(request: HttpRequest, check_in: CheckIn, *, over: bool) -> list[Refusal]:
    """What was not taken, in words of the patient."""
    words = page_words(asked_in_locale(check_in.patient))
    too_long = int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_POST
    if over or too_long:
        _read_away(request)
        return [Refusal(words["slow_down_lead"] if over else _said(TooBig(), words))]
    refusals = []
    for file in request.FILES.getlist("photo"):
        try:
            add_photo(check_in, file, size=file.size or 0, now=clock.database_now())
        except PhotoRefused as refused:
            refusals.append(Refusal(_said(refused, words), file=file.name or ""))
    return refusals


def _said(refused: PhotoRefused, words: dict[str, str]) -> str:
    name = REFUSALS.get(type(refused), "photo_unreadable")
    return words[name].format(megabytes=LARGEST_BYTES // 1024**2, megapixels=LARGEST_PIXELS // 10**6)


def _read_away(request: HttpRequest) -> None:
    """Lets a body that is not wanted arrive, and keeps none of it.

    Answered unread, the connection is cut while the phone still sends, and the patient sees no page at all.
    """
    for _piece in range(MOST_READ_AWAY // PIECE):
        if not request.read(PIECE):
            return
