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


def second_factor_first(request: HttpRequest) -> HttpResponse | None:
    """The way to the second factor that this session lacks; None if the console may open.

    Nobody needs one where the site is for this machine alone: the demo.
    """
    if not settings.SECOND_FACTOR_REQUIRED or not request.user.is_authenticated:
        return None
    if not access_of(request).needs_second_factor or shown(request):
        return None
    kinds = set(Authenticator.objects.filter(user=user_of(request)).values_list("type", flat=True))
    page = _page_that_asks(kinds)
    if page is None:
        messages.warning(request, _("Your role needs a second factor. Add a passkey or an app once."))
        return redirect("mfa_index")
    return redirect(f"{reverse(page)}?{urlencode({'next': request.get_full_path()})}")


def shown(request: HttpRequest) -> bool:
    """Whether this session has shown a second factor, or a passkey, which is two in one."""
    return any(
        record.get("method") == "mfa" for record in get_authentication_records(request, user_of(request))
    )


def _page_that_asks(kinds: set[str]) -> str | None:
    if Authenticator.Type.TOTP in kinds:
        return "mfa_reauthenticate"
    return "mfa_reauthenticate_webauthn" if Authenticator.Type.WEBAUTHN in kinds else None
