"""Who may put their name under texts and rules: a confirmed licence, and a second factor shown just now."""

import time

from allauth.account.app_settings import REAUTHENTICATION_TIMEOUT
from allauth.account.internal.flows.reauthentication import suspend_request
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from aftercare.clinics.licences import licensed
from aftercare.clinics.models import Practitioner
from aftercare.console.accounts.second_factor import add_one_first, kinds_of, last_shown, needed, page_for


def approver_of(request: HttpRequest, clinic_id: int) -> Practitioner | None:
    """The user's own entry as an active practitioner of the clinic whose licence number counts."""
    own = Practitioner.objects.filter(clinic=clinic_id, user=request.user.pk)
    return licensed(own).first()


def factor_again_first(request: HttpRequest) -> HttpResponse | None:
    """The way to showing one's second factor, and on with what was posted; None if it was shown just now.

    Just now: within ``ACCOUNT_REAUTHENTICATION_TIMEOUT`` (seconds). An unlocked tablet approves nothing.
    Whoever needs a factor and has taken off their last one adds one first, and then does it again. The demo
    asks nobody without one.
    """
    if time.time() - last_shown(request) <= REAUTHENTICATION_TIMEOUT:
        return None
    if kinds := kinds_of(request):
        return suspend_request(request, reverse(page_for(kinds)))
    return add_one_first(request) if needed(request) else None
