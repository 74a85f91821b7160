"""From an approved text to what is sent: which version speaks to whom, compiled once for each brand."""

from urllib.parse import urljoin

from django.conf import settings

from aftercare.clinics.models import Clinic, Locale
from aftercare.content.compiling import Brand, Compiled, Source, compile_source
from aftercare.content.models import CompiledVersion, MessageTemplate, TemplateVersion
from aftercare.content.wording import language_of


def brand_of(clinic: Clinic) -> Brand:
    """The clinic's name, colour and logo, the logo at an address that a mail program can open."""
    logo_url = urljoin(f"{settings.SITE_URL}/", clinic.logo.url) if clinic.logo else ""
    return Brand(name=clinic.name, colour=clinic.colour, logo_url=logo_url)


def source_of(version: TemplateVersion) -> Source:
    return Source(version.subject, version.preheader, version.body)


def compiled_for(template: MessageTemplate, *, locale: str, clinic: Clinic) -> CompiledVersion | None:
    """What a message of this template says to a reader of ``locale``; None if nobody has approved a text.

    The approved version in the reader's language, else in the clinic's, else in any.
    """
    version = approved_for(template, locale=locale, clinic=clinic)
    return compile_for(version, brand=brand_of(clinic)) if version else None


def approved_for(template: MessageTemplate, *, locale: str, clinic: Clinic) -> TemplateVersion | None:
    by_language = {version.language: version for version in template.versions.approved()}
    wanted = (language_of(locale), language_of(clinic.locale), *sorted(by_language))
    return next((by_language[language] for language in wanted if language in by_language), None)


def written_in(version: TemplateVersion, *, locale: str, clinic: Clinic) -> str:
    """The locale in which to write dates into this text: the reader's if it is of the text's language.

    Else the clinic's, else the language's first: an English text never has Spanish dates in it.
    """
    of_language = (known for known in Locale.values if language_of(known) == version.language)
    wanted = (locale, clinic.locale, *of_language)
    return next(known for known in wanted if language_of(known) == version.language)


def compile_for(version: TemplateVersion, *, brand: Brand) -> CompiledVersion:
    """The version in the clinic's layout, compiled at its first use; two at once leave one row.

    Raises ContentError if it cannot be compiled.
    """
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
