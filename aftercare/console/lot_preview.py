"""A text for a lot in each of its languages, filled with a patient who would get it."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Prefetch
from django.urls import reverse

from aftercare.clinics.models import Clinic
from aftercare.content.models import MessageTemplate, TemplatePurpose, TemplateVersion
from aftercare.content.wording import language_of
from aftercare.lots.treated import Treated


@dataclass(frozen=True)
class Choice:
    """A template meant for a lot, with its approved versions."""

    template: MessageTemplate
    versions: Sequence[TemplateVersion]


@dataclass(frozen=True)
class Preview:
    """One language of the text: how many get it, and the page that shows it filled with one of them."""

    version: TemplateVersion
    count: int
    patient: str
    url: str


def choices_for(clinic: Clinic) -> list[Choice]:
    """The clinic's texts for lots that a clinician has approved."""
    approved = Prefetch("versions", TemplateVersion.objects.approved().order_by("language"))
    mine = MessageTemplate.objects.filter(clinic=clinic, purpose=TemplatePurpose.LOT)
    found = mine.order_by("name").prefetch_related(approved)
    return [Choice(one, list(one.versions.all())) for one in found if one.versions.all()]


def previews_of(choice: Choice, found: Sequence[Treated]) -> list[Preview]:
    """Every approved language; one that nobody gets is filled with the sample."""
    readers: dict[int, list[Treated]] = {version.pk: [] for version in choice.versions}
    for one in found:
        readers[_read_by(one, choice).pk].append(one)
    return [_preview(version, readers[version.pk]) for version in choice.versions]


def _read_by(one: Treated, choice: Choice) -> TemplateVersion:
    """In the patient's language, else the clinic's, else any, as it will be sent."""
    by_language = {version.language: version for version in choice.versions}
    wanted = (
        language_of(one.patient.written_locale),
        language_of(one.patient.clinic.locale),
        *sorted(by_language),
    )
    return next(by_language[language] for language in wanted if language in by_language)


def _preview(version: TemplateVersion, readers: Sequence[Treated]) -> Preview:
    url = reverse("admin:content_templateversion_frame", args=[version.pk])
    if not readers:
        return Preview(version, 0, "", url)
    first = readers[0]
    filled = f"{url}?{urlencode({'session': first.session.pk})}"
    return Preview(version, len(readers), str(first.patient), filled)
