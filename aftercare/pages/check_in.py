"""The pages on which a patient answers a message's questions: a part at a time, then what happens next."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from aftercare.checkins.answering import (
    Given,
    NothingAsked,
    answer,
    asked_in,
    asks,
    begin_again,
    level_shown,
    newest,
    rules_for,
    weigh,
)
from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn, RuleSet
from aftercare.checkins.pacing import Over, over_limit
from aftercare.checkins.questions import BY_CODE, UNKNOWN, Question
from aftercare.checkins.wording import asked, asked_in_locale, hint, page_words, said
from aftercare.outbox.links import CHECK_IN
from aftercare.outbox.models import ScheduledMessage
from aftercare.pages.check_in_answer import answer_page
from aftercare.pages.check_in_number import number_form
from aftercare.pages.isolating import with_emergency_number
from aftercare.pages.level_text import LevelText, level_text
from aftercare.pages.opening import client_address, contacts, opened_by, patient_page

PARTS = (
    ("breathing", "unwell", "eyes"),
    ("redness", "pain", "pain_trend"),
    ("infection", "blisters", "burn", "rash", "marks"),
    ("other_product", "call_me"),
)
NOTE = BY_CODE["note"]


@dataclass(frozen=True)
class Field:
    """A question as the page shows it: its choices, what was chosen before, and whether that is missing."""

    code: str
    ask: str
    hint: str
    choices: list[tuple[str, str]]
    chosen: str
    missing: bool

    @property
    def is_scale(self) -> bool:
        return len(self.choices) > 10


@csrf_exempt  # no cookie is needed to answer: the signed token is the proof
@require_http_methods(["GET", "HEAD", "POST"])
@opened_by(CHECK_IN)
def check_in_page(request: HttpRequest, message: ScheduledMessage, now: datetime) -> HttpResponse:
    """GET shows the next part, or what happens next; POST keeps a part, and changes nothing when repeated."""
    try:
        return (_take if request.method == "POST" else _show)(request, message, now)
    except NothingAsked:
        return _page(request, "check_in_none", message)


def _show(request: HttpRequest, message: ScheduledMessage, now: datetime) -> HttpResponse:
    if not asks(message):
        raise NothingAsked
    known = newest(message, now=now)
    if known is not None and known.answered_at is not None:
        return answer_page(request, known, message, now=now)
    return _form(request, message, known, part=_wanted(request, known, message, now), now=now)


def _take(request: HttpRequest, message: ScheduledMessage, now: datetime) -> HttpResponse:
    if "again" in request.POST:
        return _begin(request, message, now)
    part = _number(request.POST.get("part"), len(PARTS))
    last = part == len(PARTS)
    given = Given(
        answers={code: request.POST.get(code) for code in PARTS[part - 1]},
        note=request.POST.get("note") if last else None,
        last=last,
    )
    over = over_limit(link=message.pk.hex, address=client_address(request), now=now)
    if over and _can_wait(weigh(message, given, now=now), over):
        return _held_back(request, message, given, part=part, now=now)
    check_in = answer(message, given, now=now)
    return _after(request, check_in, message, part=part, now=now)


def _begin(request: HttpRequest, message: ScheduledMessage, now: datetime) -> HttpResponse:
    """An emptied form, whatever the pace: an emergency may be about to be told.

    A crowd behind one address slows nobody; for a link beyond what a person sends, nothing is stored yet.
    """
    if over_limit(link=message.pk.hex, address=client_address(request), now=now).link:
        return _held_back(request, message, Given(answers={}), part=1, now=now)
    begin_again(message, now=now)
    return HttpResponseRedirect(request.path, status=HTTPStatus.SEE_OTHER)


def _can_wait(level: Level, over: Over) -> bool:
    """Never an emergency; of a link that sends more than a person can, all else; of a crowd behind one
    address what needs no human."""
    return level is not Level.E and (over.link or level is Level.NONE)


def _held_back(
    request: HttpRequest, message: ScheduledMessage, given: Given, *, part: int, now: datetime
) -> HttpResponse:
    """The form as it was filled in, to be sent once more: what needs no human can wait a minute."""
    kept = CheckIn(answers={code: str(said) for code, said in given.answers.items() if said}, day=0)
    kept.note = given.note or ""
    page = _form(request, message, newest(message, now=now), part=part, now=now, held_back=kept)
    page["Retry-After"] = "60"
    return page


def _after(
    request: HttpRequest, check_in: CheckIn, message: ScheduledMessage, *, part: int, now: datetime
) -> HttpResponse:
    parts = _parts(check_in, message, now)
    missing = [one for one in parts[part - 1] if one.code not in check_in.answers]
    if missing and check_in.answered_at is None:
        return _form(request, message, check_in, part=part, now=now, told=True)
    done = check_in.answered_at is not None
    where = request.path if done or part == len(parts) else f"{request.path}?part={part + 1}"
    return HttpResponseRedirect(where, status=HTTPStatus.SEE_OTHER)


def _form(
    request: HttpRequest,
    message: ScheduledMessage,
    check_in: CheckIn | None,
    *,
    part: int,
    now: datetime,
    told: bool = False,
    held_back: CheckIn | None = None,
) -> HttpResponse:
    parts = _parts(check_in, message, now)
    locale = asked_in_locale(message.patient)
    words = page_words(locale)
    shown = held_back or check_in
    rules = check_in.rules if check_in else rules_for(message)
    chosen = shown.answers if shown else {}
    so_far = _so_far(message, rules, now=now)
    return _page(
        request,
        "check_in",
        message,
        fields=[_field(one, locale, chosen, told) for one in parts[part - 1]],
        note=(shown.note if shown else "") if part == len(parts) else None,
        note_ask=asked(NOTE, locale),
        note_hint=hint(NOTE, locale),
        part=part,
        parts=len(parts),
        position=words["part"].format(part=part, parts=len(parts)),
        told=told,
        slow=held_back is not None,
        so_far=so_far,
        contacts=contacts(message.clinic, locale, now=now, emergency=bool(so_far and so_far.is_emergency)),
        number=number_form(message, so_far.concern) if so_far else None,
        status=_status(told, held_back),
    )


def _so_far(message: ScheduledMessage, rules: RuleSet, *, now: datetime) -> LevelText | None:
    """What the answers given before ask for, so that whoever stops halfway has read it."""
    level, _concern = level_shown(message.session_id)
    return None if level is Level.NONE else level_text(message, rules, now=now)


def _status(told: bool, held_back: CheckIn | None) -> HTTPStatus:
    if held_back is not None:
        return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.UNPROCESSABLE_ENTITY if told else HTTPStatus.OK


def _page(
    request: HttpRequest,
    template: str,
    message: ScheduledMessage,
    *,
    status: int = HTTPStatus.OK,
    **more: object,
) -> HttpResponse:
    locale = asked_in_locale(message.patient)
    words = page_words(locale)
    said: dict[str, Any] = {"form": words, **with_emergency_number(message.clinic, locale), **more}
    return patient_page(request, template, message, status=status, locale=locale, **said)


def _field(question: Question, locale: str, chosen: dict[str, str], told: bool) -> Field:
    choices = [(choice, said(question, choice, locale)) for choice in question.choices]
    return Field(
        code=question.code,
        ask=asked(question, locale),
        hint=hint(question, locale),
        choices=[*choices, (UNKNOWN, page_words(locale)["unknown"])],
        chosen=chosen.get(question.code, ""),
        missing=told and question.code not in chosen,
    )


def _parts(check_in: CheckIn | None, message: ScheduledMessage, now: datetime) -> list[list[Question]]:
    questions = {one.code: one for one in asked_in(check_in, message, now=now)}
    return [[questions[code] for code in part if code in questions] for part in PARTS]


def _wanted(request: HttpRequest, known: CheckIn | None, message: ScheduledMessage, now: datetime) -> int:
    """The part that was asked for, if all before it is answered; else the first with something missing."""
    parts = _parts(known, message, now)
    given = known.answers if known else {}
    unfinished = [
        number for number, part in enumerate(parts, 1) if any(one.code not in given for one in part)
    ]
    first = unfinished[0] if unfinished else len(parts)
    return min(_number(request.GET.get("part"), first, default=first), first)


def _number(text: str | None, most: int, *, default: int = 1) -> int:
    return min(max(int(text), 1), most) if text and text.isdecimal() and len(text) < 3 else default
