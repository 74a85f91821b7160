"""The text by which a patient is reminded of a check-in: shipped as drafts, approved as every other text."""

import tomllib
from itertools import count
from pathlib import Path

from django.db import transaction

from aftercare.checkins.models import RuleSet
from aftercare.checkins.rulebook import LANGUAGES
from aftercare.clinics.models import Clinic
from aftercare.content.approval import save_draft
from aftercare.content.compiling import Source
from aftercare.content.models import MessageTemplate, TemplatePurpose

SHIPPED = Path(__file__).parent / "shipped" / "reminder"
NAME = "Reminder of a check-in"
SLUG = "check-in-reminder"
_FENCE = "+++\n"


@transaction.atomic
def install_reminder(clinic: Clinic) -> MessageTemplate:
    """The clinic's template for reminders; with the shipped texts as drafts if it has none. Twice is once."""
    Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
    mine = MessageTemplate.objects.filter(clinic=clinic)
    if known := mine.filter(purpose=TemplatePurpose.REMINDER).first():
        return known
    taken = set(mine.values_list("slug", flat=True))
    slugs = (f"{SLUG}-{number}" if number > 1 else SLUG for number in count(1))
    template = MessageTemplate.objects.create(
        clinic=clinic,
        slug=next(slug for slug in slugs if slug not in taken),
        name=NAME,
        purpose=TemplatePurpose.REMINDER,
        safety_critical=True,
        asks_check_in=True,
    )
    for language in LANGUAGES:
        save_draft(template=template, language=language, source=shipped_text(language), author=None)
    return template


def install_missing_reminders() -> int:
    """Gives every clinic that can hear answers its template. Returns how many had none."""
    hearing = RuleSet.objects.approved().values("clinic")
    theirs = MessageTemplate.objects.filter(purpose=TemplatePurpose.REMINDER).values("clinic")
    missing = list(Clinic.objects.filter(pk__in=hearing).exclude(pk__in=theirs))
    for clinic in missing:
        install_reminder(clinic)
    return len(missing)


def shipped_text(language: str) -> Source:
    """The words that come with the project. Raises OSError for a language it is not written in."""
    _nothing, head, body = (SHIPPED / f"{language}.md").read_text(encoding="utf-8").split(_FENCE, 2)
    front = tomllib.loads(head)
    return Source(subject=front["subject"], preheader=front["preheader"], body=body.strip() + "\n")
