"""Who must show a second factor before the console opens, and how they get there."""

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from aftercare.console.access import access_of, user_of

PAGES = {
    Authenticator.Type.TOTP.value: "mfa_reauthenticate",
    Authenticator.Type.WEBAUTHN.value: "mfa_reauthenticate_webauthn",
}
"""The page that asks for each kind of factor; recovery codes are shown on the first."""


def second_factor_first(request: HttpRequest) -> HttpResponse | None:
    """The way to the second factor that this session lacks; None if the console may open.

    Nobody needs one where the site is for this machine alone: the demo.
    """
    if not needed(request) or shown(request):
        return None
    if kinds := kinds_of(request):
        return ask_for_it(request, kinds)
    return add_one_first(request)


def needed(request: HttpRequest) -> bool:
    """Whether the console opens for the user only once they have shown a second factor."""
    if not settings.SECOND_FACTOR_REQUIRED or not request.user.is_authenticated:
        return False
    return access_of(request).needs_second_factor


def add_one_first(request: HttpRequest) -> HttpResponse:
    """The way to adding a factor, for a user without one."""
    messages.warning(request, _("Your role needs a second factor. Add a passkey or an app once."))
    return redirect("mfa_index")


def shown(request: HttpRequest) -> bool:
    """Whether this session has shown a second factor, or a passkey, which is two in one."""
    return last_shown(request) > 0


def last_shown(request: HttpRequest) -> float:
    """When this session last showed it, in seconds since 1970; 0 if never."""
    records = get_authentication_records(request, user_of(request))
    return max((record["at"] for record in records if record.get("method") == "mfa"), default=0)


def kinds_of(request: HttpRequest) -> frozenset[str]:
    """Which kinds of factor the user has."""
    mine = Authenticator.objects.filter(user=user_of(request), type__in=PAGES)
    return frozenset(mine.values_list("type", flat=True))


def page_for(kinds: frozenset[str]) -> str:
    """The name of the page that asks for one of these."""
    return next(page for kind, page in PAGES.items() if kind in kinds)


def ask_for_it(request: HttpRequest, kinds: frozenset[str]) -> HttpResponse:
    """The way to the page that asks for one of these, and back."""
    return redirect(f"{reverse(page_for(kinds))}?{urlencode({'next': request.get_full_path()})}")
