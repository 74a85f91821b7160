"""The pages of one's own name and address for mail."""

import time

from allauth.account.app_settings import REAUTHENTICATION_TIMEOUT
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from aftercare.clinics.own_details import AddressRefused, address_asked, rename, take_address
from aftercare.clinics.users import User
from aftercare.console.access import user_of
from aftercare.console.accounts.details_mail import ask_at, tell_former
from aftercare.console.accounts.forms import DetailsForm
from aftercare.console.accounts.second_factor import kinds_of, second_factor_first
from aftercare.console.approving import factor_again_first


@login_required
@never_cache
def details_page(request: HttpRequest) -> HttpResponse:
    """The name changes at once; another address once the link that is mailed there has been opened."""
    if way := second_factor_first(request):
        return way
    user = user_of(request)
    kept = {name: getattr(user, name) for name in ("first_name", "last_name", "email")}
    form = DetailsForm(request.POST or None, initial=kept)
    if not form.is_valid():
        return TemplateResponse(request, "account/details.html", {"form": form})
    if form.has_changed():
        if way := factor_again_first(request) or _password_again_first(request):
            return way
        _change(request, user, form)
    return redirect("account_details")


def _change(request: HttpRequest, user: User, form: DetailsForm) -> None:
    given = form.cleaned_data
    rename(user, first_name=given["first_name"], last_name=given["last_name"])
    if "email" not in form.changed_data:
        messages.success(request, _("Your name is saved."))
    elif not ratelimit.consume(request, action="manage_email", user=user):
        messages.error(request, _("Too many tries. Wait a minute, then ask again."))
    elif ask_at(given["email"], user=user):
        text = _("A mail is on its way to %s. Your address changes once you open the link in it.")
        messages.success(request, text % given["email"])
    else:
        messages.error(request, _("No mail could be sent there just now. Your address stays as it is."))


def _password_again_first(request: HttpRequest) -> HttpResponse | None:
    """The way to giving one's password, for who has no second factor and gave it longer ago."""
    records = get_authentication_records(request, user_of(request))
    last = max((record["at"] for record in records), default=0)
    if kinds_of(request) or time.time() - last <= REAUTHENTICATION_TIMEOUT:
        return None
    return suspend_request(request, reverse("account_reauthenticate"))


@login_required
@never_cache
def address_page(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link leads: opening it changes nothing, saying yes does. The former address is told."""
    if way := second_factor_first(request):
        return way
    user = user_of(request)
    if request.method != "POST":
        context = {"address": address_asked(token, user=user)}
        return TemplateResponse(request, "account/address.html", context)
    try:
        former = take_address(user, token)
    except AddressRefused as refused:
        messages.error(request, str(refused))
        return redirect("account_details")
    tell_former(former)
    messages.success(request, _("Your address is changed."))
    return redirect("account_details")
