"""Guesses at what somebody meant to write."""

from collections.abc import Iterable
from difflib import get_close_matches

from django.utils.translation import gettext as _


def did_you_mean(word: str, known: Iterable[str], *, wrap: str = "%s") -> str:
    """A question with the nearest known word, or an empty text if none is near."""
    nearest = get_close_matches(word[:60], list(known), n=1, cutoff=0.5)
    return _("Did you mean “%(word)s”?") % {"word": wrap % nearest[0]} if nearest else ""
