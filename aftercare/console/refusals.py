"""What somebody reads whose role forbids what they asked for, or who sent what nobody can read."""

from http import HTTPStatus

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from aftercare.clinics.models import Role
from aftercare.console.access import access_of


class Unreadable(BadRequest):
    """What was sent is refused with the words given, which hold nothing of it."""


def not_taken(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Says why, where the refusal has words of its own."""
    said = str(exception) if isinstance(exception, Unreadable) else ""
    return render(request, "400.html", {"said": said}, status=HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 # Django names it
    """Says who may, and whom to ask."""
    refused = access_of(request).refused
    return render(request, "403.html", {"who_may": _who_may(refused)}, status=HTTPStatus.FORBIDDEN)


def _who_may(refused: list[tuple[str, ...]]) -> str:
    """Empty where no role was asked for."""
    if not refused:
        return ""
    if not (wanted := refused[-1]):
        return _("Only whoever runs this site may do this.")
    roles = ", ".join(str(Role(role).label) for role in wanted)
    return _("This is for these roles: %s. An owner of your clinic can do it, or change your role.") % roles
