"""What a leaflet would tell a patient anew that another message of the day has not told them."""

from collections.abc import Iterator, Mapping

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from aftercare.clinics.addresses import comparable
from aftercare.content.compiling import Compiled
from aftercare.content.models import CompiledVersion
from aftercare.content.placeholders import PLACEHOLDERS
from aftercare.content.problems import ContentError
from aftercare.content.publishing import chosen_language
from aftercare.content.rendering import RawValues, paths_of, render
from aftercare.outbox.merging import Day
from aftercare.outbox.models import Attempt, ScheduledMessage
from aftercare.outbox.values import message_values
from aftercare.protocols.models import Topic
from aftercare.timing import FromWhen
from aftercare.treatments.depth import band_of
from aftercare.treatments.models import TreatmentSession
from aftercare.treatments.screening import risks_of

TREATMENT = ("treatment", "from", "practitioner")
ALL = (*TREATMENT, "clinic", "patient")
"""The rooms of values that may say something else by now."""


def news_of(
    day: Day, message: ScheduledMessage, attempt: Attempt, *, texts: Mapping[str, int] | None
) -> tuple[str, ...]:
    """What the leaflet of ``day``'s session would say otherwise than ``message``, for staff; empty: nothing.

    ``attempt``: the try by which the message came. ``texts``: the version approved now, by language; None for
    a message that was found to cover the session before: only the treatments count then, as nothing that has
    left is sent again because a text or an address changed.
    """
    news = [] if texts is None else list(_other_letter(day.session, attempt, texts))
    if message.step.template.asks_check_in and not _weighs_alike(day, message.session_id):
        news.append(_("its questions are asked about another treatment"))
    return (*news, *_other_words(day, attempt, ALL if texts is not None else TREATMENT))


def _other_letter(session: TreatmentSession, attempt: Attempt, texts: Mapping[str, int]) -> Iterator[str]:
    """Another address, another language, or words that were approved since."""
    patient, version = session.patient, attempt.compiled.version
    if attempt.recipient != comparable(patient.email):
        yield _("another address")
    language = chosen_language(texts, locale=patient.written_locale, clinic=patient.clinic)
    if language is None or texts[language] != version.pk:
        yield _("the text")


def _weighs_alike(day: Day, covering: int) -> bool:
    """Whether an answer to the other session's questions is weighed as strictly as one to this session's.

    It is weighed by the kind, the depth, the screening and the hours since the end of that one treatment.
    """
    other = next(each for each in day.others if each.pk == covering)
    return (
        other.variant == day.session.variant
        and _band(other) == _band(day.session)
        and risks_of(day.session.screening) <= risks_of(other.screening)
        and other.ended_at <= day.session.ended_at
    )


def _band(session: TreatmentSession) -> str:
    return band_of(area.depth_mm for area in session.areas.all())


def _other_words(day: Day, attempt: Attempt, rooms: tuple[str, ...]) -> tuple[str, ...]:
    """The names of what differs; empty if the words come out the same."""
    text, said = _words(attempt.compiled), attempt.values
    try:
        now = message_values(day, locale=attempt.headers["Content-Language"])
        would = said | {room: now[room] for room in rooms}
        if render(text, would) == render(text, said):
            return ()
        changed = _changed(text, said, would)
    except (ContentError, KeyError):
        return (_("what was said is no longer kept"),)
    dates = day.strictest(Topic.values)
    return tuple(_name(room, name, dates) for room, name in changed)


def _changed(text: Compiled, said: RawValues, would: RawValues) -> list[tuple[str, str]]:
    """The placeholders by which the words differ: those that change them alone, else all that are new."""
    used = (path.split(".") for path in paths_of(text))
    new = [(room, name) for room, name in used if said[room][name] != would[room][name]]
    before = render(text, said)
    alone = ({**said, room: {**said[room], name: would[room][name]}} for room, name in new)
    return [path for path, values in zip(new, alone, strict=True) if render(text, values) != before] or new


def _words(text: CompiledVersion) -> Compiled:
    """Subject and plain text, which say all that the HTML says, for a part of the cost."""
    return Compiled(text.subject, "", text.text, f"{text.digest}:words")


def _name(room: str, name: str, dates: Mapping[str, FromWhen | None]) -> str:
    if room != "from":
        return str(PLACEHOLDERS[f"{room}.{name}"].label)
    topic, when = Topic(name).label, dates[name]
    if when is None:
        return _("%(topic)s: no date any more") % {"topic": topic}
    return _("%(topic)s until %(when)s") % {"topic": topic, "when": _said(when)}


def _said(when: FromWhen) -> str:
    day = date_format(when.on, "D j M")
    return f"{day}, {when.at:%H:%M}" if when.at else day
