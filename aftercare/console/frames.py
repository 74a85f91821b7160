"""A mail's HTML in a frame of the console, which may run nothing and load only the clinic's logo."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse


def framed(html: str) -> HttpResponse:
    """The HTML of a mail as the only content of a sandboxed frame."""
    site = urlsplit(settings.SITE_URL)
    response = HttpResponse(html)
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
        f"img-src 'self' {site.scheme}://{site.netloc} data:; frame-ancestors 'self'; sandbox"
    )
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response
