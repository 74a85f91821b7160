"""From an approved text to what is sent: which version speaks to whom, compiled once for each brand."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import cast
from urllib.parse import urljoin

from django.conf import settings

from aftercare.clinics.models import Clinic, Locale
from aftercare.content.compiling import Brand, Compiled, Source, compile_source
from aftercare.content.filters import is_number
from aftercare.content.models import CompiledVersion, MessageTemplate, TemplateVersion
from aftercare.content.wording import language_of


def brand_of(clinic: Clinic, *, asks: bool = False) -> Brand:
    """The clinic's name, colour and logo, the logo at an address that a mail program can open.

    ``asks``: for a message that asks for a check-in.
    """
    logo_url = urljoin(f"{settings.SITE_URL}/", clinic.logo.url) if clinic.logo else ""
    contacts = {
        "clinic.phone": clinic.phone,
        "clinic.out_of_hours": clinic.out_of_hours_contact,
        "clinic.emergency_number": clinic.emergency_number,
    }
    numbers = tuple(path for path, contact in contacts.items() if is_number(contact))
    return Brand(name=clinic.name, colour=clinic.colour, logo_url=logo_url, asks=asks, numbers=numbers)


def source_of(version: TemplateVersion) -> Source:
    return Source(version.subject, version.preheader, version.body)


@dataclass(frozen=True)
class Texts:
    """What a template says to readers of one locale, newest first, each with the instant it counts from.

    More than one where a version left messages that were promised before it the text approved until then.
    """

    eras: tuple[tuple[datetime, CompiledVersion], ...]

    def for_promise(self, promised_at: datetime) -> CompiledVersion:
        """The text for a message promised then; the oldest counts for all the time before, too."""
        return next((text for since, text in self.eras if since <= promised_at), self.eras[-1][1])


def texts_for(template: MessageTemplate, *, locale: str, clinic: Clinic) -> Texts | None:
    """What messages of this template say to a reader of ``locale``; None if nobody has approved a text.

    The approved version in the reader's language, else in the clinic's, else in any, and those it left to
    messages that were promised before.
    """
    version = approved_for(template, locale=locale, clinic=clinic)
    if version is None:
        return None
    brand = brand_of(clinic)
    return Texts(tuple((_since(one), compile_for(one, brand=brand)) for one in _with_kept(version)))


def approved_for(template: MessageTemplate, *, locale: str, clinic: Clinic) -> TemplateVersion | None:
    by_language = {version.language: version for version in template.versions.approved()}
    language = chosen_language(by_language, locale=locale, clinic=clinic)
    return by_language[language] if language else None


def chosen_language(approved: Collection[str], *, locale: str, clinic: Clinic) -> str | None:
    """In which of the languages with an approved text a reader is written to; None where there is none."""
    wanted = (language_of(locale), language_of(clinic.locale), *sorted(approved))
    return next((language for language in wanted if language in approved), None)


def in_use(template: MessageTemplate) -> list[TemplateVersion]:
    """The approved versions, and those that they left to messages promised before."""
    return [version for approved in template.versions.approved() for version in _with_kept(approved)]


def _with_kept(version: TemplateVersion) -> Iterator[TemplateVersion]:
    """The version, and as long as each leaves older promises their text, the one whose place it took.

    Its place is that of a version retired in the same instant; one withdrawn before is not used again.
    """
    older: TemplateVersion | None = version
    while older is not None:
        yield older
        followed = older.planned_keep_older
        same = TemplateVersion.objects.filter(template=older.template_id, language=older.language)
        older = same.filter(retired_at=older.approved_at).first() if followed else None


def _since(version: TemplateVersion) -> datetime:
    return cast(datetime, version.approved_at)  # the constraint version_approved_by_named_clinician


def written_in(version: TemplateVersion, *, locale: str, clinic: Clinic) -> str:
    """The locale in which to write dates into this text: the reader's if it is of the text's language.

    Else the clinic's, else the language's first: an English text never has Spanish dates in it.
    """
    return _written_in(version.language, (locale, clinic.locale))


@lru_cache(maxsize=256)
def _written_in(language: str, wanted: tuple[str, ...]) -> str:
    return next(known for known in (*wanted, *Locale.values) if language_of(known) == language)


def compile_for(version: TemplateVersion, *, brand: Brand) -> CompiledVersion:
    """The version in the clinic's layout, compiled at its first use; two at once leave one row.

    Raises ContentError if it cannot be compiled.
    """
    brand = replace(brand, asks=version.template.asks_check_in)
    known = version.compiled.filter(brand_digest=brand.digest).first()
    if known:
        return known
    compiled = compile_source(source_of(version), brand=brand, locale=version.language)
    fields = {
        "subject": compiled.subject,
        "html": compiled.html,
        "text": compiled.text,
        "digest": compiled.digest,
    }
    row, _made = CompiledVersion.objects.get_or_create(
        version=version, brand_digest=brand.digest, defaults=fields
    )
    return row


def as_compiled(row: CompiledVersion) -> Compiled:
    """The row as `rendering.render` takes it."""
    return Compiled(row.subject, row.html, row.text, row.digest)
