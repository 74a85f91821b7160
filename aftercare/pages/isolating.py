"""Numbers and names inside a sentence, kept apart from it where the sentence is read from the right."""

from collections.abc import Mapping

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from aftercare.checkins.wording import page_words
from aftercare.clinics.models import Clinic
from aftercare.content.filters import dialled, is_number
from aftercare.content.wording import direction


def filled(text: str, places: Mapping[str, str], locale: str) -> SafeString:
    """The text as HTML with its ``{places}`` filled; from the right, in elements of their own direction.

    Without these (``bdi``) the groups of a phone number would change places in Arabic.
    """
    html, place = str(escape(text)), "<bdi>{}</bdi>" if direction(locale) == "rtl" else "{}"
    for name, value in places.items():
        html = html.replace(f"{{{name}}}", format_html(place, value))
    return mark_safe(html)  # noqa: S308 – escaped above


def called(contact: str) -> str:
    """A number as a link that dials it; anything else as it is."""
    if not is_number(contact):
        return contact
    return format_html('<a href="tel:{}" dir="ltr">{}</a>', dialled(contact), contact)


def with_emergency_number(clinic: Clinic, locale: str) -> dict[str, SafeString]:
    """What a check-in's pages say in which the number to call at once stands."""
    words, number = page_words(locale), {"emergency_number": clinic.emergency_number}
    return {name: filled(words[name], number, locale) for name in ("banner", "call_now", "other_language")}
