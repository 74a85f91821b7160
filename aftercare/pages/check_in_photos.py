"""Taking in the photos that a patient adds after answering, so that no photo can stand in an answer's way."""

from datetime import datetime
from http import HTTPStatus

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from aftercare.checkins.answering import newest
from aftercare.checkins.models import CheckIn
from aftercare.checkins.pacing import over_limit
from aftercare.checkins.photos import LARGEST_BYTES, MOST, Enough, PhotoRefused, TooBig, add_photo
from aftercare.checkins.wording import asked_in_locale, page_words
from aftercare.outbox import clock
from aftercare.outbox.links import CHECK_IN
from aftercare.outbox.models import ScheduledMessage
from aftercare.pages.check_in_answer import answer_page
from aftercare.pages.opening import client_address, opened_by

LARGEST_POST = MOST * LARGEST_BYTES + 100_000
REFUSALS = {TooBig: "photo_too_big", Enough: "photos_full"}


@csrf_exempt  # as for the answers: the signed token is the proof
@require_POST
@opened_by(CHECK_IN)
def photos_page(request: HttpRequest, message: ScheduledMessage, now: datetime) -> HttpResponse:
    """Keeps what can be read, and says why of the first that cannot."""
    check_in = newest(message, now=now)
    over = over_limit(link=message.pk.hex, address=client_address(request), now=now)
    if check_in is None or check_in.answered_at is None:
        return HttpResponseRedirect("../", status=HTTPStatus.SEE_OTHER)
    words = page_words(asked_in_locale(message.patient))
    refused = words["slow_down_lead"] if over else _take(request, check_in)
    if refused:
        return answer_page(request, check_in, message, now=now, refused=refused)
    return HttpResponseRedirect("../", status=HTTPStatus.SEE_OTHER)


def _take(request: HttpRequest, check_in: CheckIn) -> str:
    """In words of the patient why a file was refused; nothing if all were kept."""
    words = page_words(asked_in_locale(check_in.patient))
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_POST:
            raise TooBig  # before any of it is read
        for file in request.FILES.getlist("photo"):
            _add(check_in, file)
    except PhotoRefused as refused:
        name = REFUSALS.get(type(refused), "photo_unreadable")
        return words[name].format(megabytes=LARGEST_BYTES // 1024**2)
    return ""


def _add(check_in: CheckIn, file: UploadedFile) -> None:
    add_photo(check_in, file, size=file.size or 0, now=clock.database_now())
