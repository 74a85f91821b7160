"""The text by which a patient is reminded of a check-in: shipped as drafts, approved as every other text."""

from pathlib import Path

from aftercare.checkins.models import RuleSet
from aftercare.checkins.rulebook import LANGUAGES
from aftercare.clinics.models import Clinic
from aftercare.content.compiling import Source
from aftercare.content.models import MessageTemplate, TemplatePurpose
from aftercare.content.shipping import install_drafts, text_in

SHIPPED = Path(__file__).parent / "shipped" / "reminder"
NAME = "Reminder of a check-in"
SLUG = "check-in-reminder"


def install_reminder(clinic: Clinic) -> MessageTemplate:
    """The clinic's template for reminders; with the shipped texts as drafts if it has none. Twice is once."""
    template = MessageTemplate(
        clinic=clinic,
        slug=SLUG,
        name=NAME,
        purpose=TemplatePurpose.REMINDER,
        safety_critical=True,
        asks_check_in=True,
    )
    return install_drafts(template, folder=SHIPPED, languages=LANGUAGES)


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
    return text_in(SHIPPED, language)
