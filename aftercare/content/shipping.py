"""Texts that come with the project, put into a clinic as drafts, which are approved as every other text."""

import tomllib
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from django.db import transaction

from aftercare.clinics.models import Clinic
from aftercare.content.approval import save_draft
from aftercare.content.compiling import Source
from aftercare.content.models import MessageTemplate

_FENCE = "+++\n"


@transaction.atomic
def install_drafts(template: MessageTemplate, *, folder: Path, languages: Iterable[str]) -> MessageTemplate:
    """The clinic's template of that purpose; if it has none, this one, with the folder's texts as drafts.

    ``template``: not stored yet; its slug gets a number if the clinic has one of that name. Twice is once.
    """
    Clinic.objects.select_for_update(no_key=True).get(pk=template.clinic_id)
    mine = MessageTemplate.objects.filter(clinic=template.clinic_id)
    if known := mine.filter(purpose=template.purpose).order_by("pk").first():
        return known
    taken, wanted = set(mine.values_list("slug", flat=True)), template.slug
    slugs = (f"{wanted}-{number}" if number > 1 else wanted for number in count(1))
    template.slug = next(slug for slug in slugs if slug not in taken)
    template.save(force_insert=True)
    for language in languages:
        save_draft(template=template, language=language, source=text_in(folder, language), author=None)
    return template


def text_in(folder: Path, language: str) -> Source:
    """The words of the folder's file. Raises OSError for a language they are not written in."""
    _nothing, head, body = (folder / f"{language}.md").read_text(encoding="utf-8").split(_FENCE, 2)
    front = tomllib.loads(head)
    return Source(subject=front["subject"], preheader=front["preheader"], body=body.strip() + "\n")
