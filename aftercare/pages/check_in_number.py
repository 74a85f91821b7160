"""Where a patient of whom the clinic has no phone number leaves one, so that it can call."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from aftercare.checkins.answering import level_shown
from aftercare.checkins.models import Concern
from aftercare.checkins.pacing import over_limit
from aftercare.checkins.phoning import LONGEST, NoNumber, give_number
from aftercare.checkins.wording import asked_in_locale, page_words
from aftercare.outbox.links import CHECK_IN
from aftercare.outbox.models import ScheduledMessage
from aftercare.pages.isolating import filled
from aftercare.pages.opening import client_address, opened_by, patient_page


@dataclass(frozen=True)
class NumberForm:
    """``kept``: what to read of the number given before; ``wrong``: why what was just sent is none."""

    kept: SafeString | str = ""
    written: str = ""
    wrong: str = ""
    longest: int = LONGEST


def number_form(message: ScheduledMessage, concern: Concern | None) -> NumberForm | None:
    """The form for the number to call; None where none is needed, or the clinic has one of its own."""
    if concern is None or message.patient.phone:
        return None
    number, locale = concern.phone_given, asked_in_locale(message.patient)
    if not number:
        return NumberForm()
    return NumberForm(filled(page_words(locale)["number_kept"], {"number": number}, locale), number)


@csrf_exempt  # as for the answers: the signed token is the proof
@require_POST
@opened_by(CHECK_IN)
def number_page(request: HttpRequest, message: ScheduledMessage, now: datetime) -> HttpResponse:
    """Keeps the number and goes back to where the patient was; says so if it cannot be called."""
    written, words = request.POST.get("phone", ""), page_words(asked_in_locale(message.patient))
    if over_limit(link=message.pk.hex, address=client_address(request), now=now).link:
        return _again(request, message, NumberForm(written=written, wrong=words["slow_down_lead"]))
    try:
        give_number(message.session, written, now=now)
    except NoNumber:
        return _again(request, message, NumberForm(written=written, wrong=words["number_wrong"]))
    return HttpResponseRedirect("../", status=HTTPStatus.SEE_OTHER)


def _again(request: HttpRequest, message: ScheduledMessage, form: NumberForm) -> HttpResponse:
    _level, concern = level_shown(message.session_id)
    if number_form(message, concern) is None:
        return HttpResponseRedirect("../", status=HTTPStatus.SEE_OTHER)
    locale = asked_in_locale(message.patient)
    return patient_page(
        request,
        "check_in_number",
        message,
        locale=locale,
        form=page_words(locale),
        number=form,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
    )
