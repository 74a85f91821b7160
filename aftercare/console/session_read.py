"""What a session's form was read as, so that whoever saves it later overwrites nobody unseen."""

import hashlib
import json
from typing import Any

from django import forms
from django.forms.models import model_to_dict

from aftercare.outbox.refusing import Refused
from aftercare.treatments.models import TreatmentSession

READ = "read"
"""The field of the form that says which values it began from."""
KEPT_OUT_OF_FORMS = ("waits", "skipped_steps")
PARTS = {
    "areas": ("pk", "site", "depth_mm", "passes"),
    "products": ("pk", "name", "lot", "for_home"),
}


class Overtaken(Refused):
    """Somebody else saved the session while it was being written in."""


class ReadField(forms.CharField):
    """Hidden; no change of the session, whatever it says."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=forms.HiddenInput)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


def digest_of(session: TreatmentSession) -> str:
    """SHA-256 over all that the form of a stored session shows of it; another one after each change.

    Asks for the areas and products anew: where somebody saves just then, the form is called old rather than
    taken for new.
    """
    words = model_to_dict(session) | {name: getattr(session, name) for name in KEPT_OUT_OF_FORMS}
    for part, names in PARTS.items():
        words[part] = list(getattr(session, part).order_by("pk").values_list(*names))
    return hashlib.sha256(json.dumps(words, sort_keys=True, default=str).encode()).hexdigest()


def refuse_overtaken(stored: TreatmentSession, *, read: str) -> None:
    """Raises Overtaken if the session is stored otherwise than it was ``read``; an empty ``read`` passes."""
    if read and read != digest_of(stored):
        raise Overtaken("")
