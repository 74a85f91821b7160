"""The way from wherever a lot is named to everybody who was treated with it."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from aftercare.console.access import WRITERS, access_of


def lot_link(lot: str, clinic_id: int, request: HttpRequest) -> str:
    """The lot, as a link for those who may write to it."""
    if not lot or not access_of(request).holds(WRITERS, clinic_id):
        return lot
    asked = urlencode({"clinic": clinic_id, "lot": lot})
    return format_html('<a href="{}?{}">{}</a>', reverse("admin:lots_lotmail_add"), asked, lot)
