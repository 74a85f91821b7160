"""The text to everybody treated with a lot, shipped as drafts: nobody starts from nothing in a hurry."""

from pathlib import Path

from aftercare.clinics.models import Clinic
from aftercare.content.models import MessageTemplate, TemplatePurpose
from aftercare.content.shipping import install_drafts

SHIPPED = Path(__file__).parent / "shipped"
LANGUAGES = ("en", "es")


def install_lot_text(clinic: Clinic) -> MessageTemplate:
    """The clinic's text for a lot; with the shipped words as drafts if it has none. Twice is once."""
    template = MessageTemplate(
        clinic=clinic,
        slug="lot",
        name="About a product of one lot",
        purpose=TemplatePurpose.LOT,
        safety_critical=True,
    )
    return install_drafts(template, folder=SHIPPED, languages=LANGUAGES)
