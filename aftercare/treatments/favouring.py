"""Keeping what was done in a session as a favourite of its practitioner."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from aftercare.treatments.models import Favourite, TreatmentSession
from aftercare.treatments.setups import setup_of


class NameTaken(Exception):
    """The practitioner has another favourite of this name."""


@transaction.atomic
def save_favourite(session: TreatmentSession, *, name: str, now: datetime) -> Favourite:
    """The session's set-up under that name, for its practitioner. The very same again changes nothing.

    Raises NameTaken if the name stands for something else.
    """
    favourite, made = Favourite.objects.get_or_create(
        practitioner=session.practitioner, name=name, defaults={**_kept(session), "created_at": now}
    )
    if not made and any(getattr(favourite, field) != value for field, value in _kept(session).items()):
        text = _("%(practitioner)s has another favourite called “%(name)s”. Choose another name.")
        raise NameTaken(text % {"practitioner": session.practitioner, "name": name})
    return favourite


def suggested_name(session: TreatmentSession) -> str:
    """What the favourite might be called: its areas and their depths."""
    longest = Favourite._meta.get_field("name").max_length
    return ", ".join(str(area) for area in setup_of(session).areas)[:longest].rstrip(" ,×")


def _kept(session: TreatmentSession) -> dict[str, Any]:
    setup = setup_of(session)
    return {
        "protocol": setup.protocol,
        "variant": setup.variant,
        "device": setup.device,
        "areas": [
            {"site": area.site, "depth_mm": str(area.depth_mm), "passes": area.passes} for area in setup.areas
        ],
        "products": [{"name": product.name, "for_home": product.for_home} for product in setup.products],
    }
