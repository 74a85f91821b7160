"""What staff are told where patients get something in another language than the one they read."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftercare.checkins.fallbacks import Fallback, Written
from aftercare.content.models import Language


def warnings(found: Iterable[Fallback]) -> list[str]:
    """A sentence for each, naming the language, what is missing in it, and what patients get instead."""
    return [_warning(one) for one in found]


def _warning(one: Fallback) -> str:
    names = {"wanted": Language(one.wanted).label, "instead": Language(one.instead).label}
    if one.what is Written.FORM:
        text = _("%(wanted)s: the check-in's questions are asked in %(instead)s.")
    elif one.what is Written.LEVELS:
        text = _("%(wanted)s: after a check-in, patients read the texts of the levels in %(instead)s.")
    elif one.wanted == one.instead:
        text = ngettext(
            "%(wanted)s: %(count)d message has no approved text in it; it is sent in another language.",
            "%(wanted)s: %(count)d messages have no approved text in it; they are sent in another language.",
            one.templates,
        )
    else:
        text = ngettext(
            "%(wanted)s: %(count)d message has no approved text in it; it is sent in %(instead)s.",
            "%(wanted)s: %(count)d messages have no approved text in it; they are sent in %(instead)s.",
            one.templates,
        )
    return text % {**names, "count": one.templates}
