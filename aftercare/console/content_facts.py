"""What a writer is told about a text beside its problems: length, how it reads, required words, languages."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from aftercare.console.content_pages import Preview
from aftercare.content.checking import MAX_HTML_BYTES, MAX_SUBJECT, MUST_BE_SAID, said_always
from aftercare.content.models import Language, TemplateVersion, VersionStatus
from aftercare.content.placeholders import PLACEHOLDERS
from aftercare.content.publishing import source_of
from aftercare.content.readability import MEASURED, Reading, reading_of

SIGNATURE = "-- \n"
NEARLY = 0.9
"""From this share of a limit on it is worth a warning."""
LANGUAGE_STATES = {
    VersionStatus.DRAFT: gettext_lazy("a draft, not approved"),
    VersionStatus.APPROVED: gettext_lazy("approved"),
    VersionStatus.RETIRED: gettext_lazy("retired"),
}


@dataclass(frozen=True)
class Fact:
    """One line: what is told, and whether it is fine."""

    label: str
    said: str
    fine: bool = True
    hint: str = ""


@dataclass(frozen=True)
class LanguageState:
    """Whether a template has words in a language; ``code`` may be looked at if it has."""

    code: str
    name: str | Promise
    said: str
    there: bool
    here: bool


def facts_of(version: TemplateVersion, preview: Preview | None) -> list[Fact]:
    """Length and reading level of a message as it would be sent; nothing while it cannot be shown."""
    if preview is None:
        return []
    message = preview.message
    reading = reading_of(message.text.rpartition(SIGNATURE)[0], language=version.language)
    size = len(message.html.encode())
    facts = [
        Fact(
            _("Subject"),
            _("%(count)s of %(limit)s characters") % {"count": len(message.subject), "limit": MAX_SUBJECT},
            len(message.subject) <= MAX_SUBJECT * NEARLY,
            _("Phones show some 40."),
        )
    ]
    if reading:
        facts.append(_length(reading))
        if reading.language in MEASURED:
            facts.append(_level(reading))
    share = {"size": round(size / 1000), "limit": MAX_HTML_BYTES // 1000}
    said = _("%(size)s of %(limit)s kB") % share
    return [*facts, Fact(_("Size"), said, size <= MAX_HTML_BYTES * NEARLY, _("Long mails are cut off."))]


def _length(reading: Reading) -> Fact:
    words = ngettext("%(count)s word", "%(count)s words", reading.words) % {"count": reading.words}
    minutes = ngettext("about a minute", "about %(count)s minutes", reading.minutes)
    said = f"{words}, {minutes % {'count': reading.minutes}}"
    return Fact(_("Length"), said, reading.minutes <= 5, _("Few patients read for so long."))


def _level(reading: Reading) -> Fact:
    hint = _("Shorter sentences and shorter words make it easier.")
    easy = _("easy") if reading.easy else _("not easy yet")
    if reading.language == "es":
        said = _("%(easy)s (%(level)s of 100; 70 or above is the aim)")
    else:
        said = _("%(easy)s (about grade %(level)s; 6 or below is the aim)")
    said = said % {"easy": easy, "level": max(1, round(reading.level))}
    return Fact(_("Reading level"), said, reading.easy, hint)


def wording_of(version: TemplateVersion) -> list[Fact]:
    """What a safety-critical message must always say, and whether it does; empty for other messages."""
    if not version.template.safety_critical:
        return []
    said = said_always(source_of(version))
    if said is None:
        return [Fact(str(PLACEHOLDERS[path].label), _("not known yet"), fine=False) for path in MUST_BE_SAID]
    return [_must(path, path in said) for path in MUST_BE_SAID]


def _must(path: str, said: bool) -> Fact:
    hint = _("Put {{ %(path)s }} into the text, outside of conditions.") % {"path": path}
    return Fact(str(PLACEHOLDERS[path].label), _("always said") if said else _("missing"), said, hint)


def languages_of(version: TemplateVersion) -> list[LanguageState]:
    """Every language, with what the template has in it."""
    stored = list(
        version.template.versions.order_by("-number").only("template", "language", "status", "number")
    )
    return [_state(code, name, stored, version) for code, name in Language.choices]


def _state(
    code: str, name: str | Promise, stored: list[TemplateVersion], version: TemplateVersion
) -> LanguageState:
    newest = next((one for one in stored if one.language == code), None)
    if code == version.language:
        return LanguageState(code, name, _("these words"), there=True, here=True)
    if newest is None:
        said = _("no words yet: its readers get another language")
        return LanguageState(code, name, said, there=False, here=False)
    return LanguageState(
        code, name, str(LANGUAGE_STATES[VersionStatus(newest.status)]), there=True, here=False
    )
