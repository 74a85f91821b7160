"""The pages on which one changes one's second factor: whoever has one shows it first.

A session opened with the password alone, before a factor was there, is ended when the first is added: it
could go on without ever showing it. One person's pages wait for each other, so that of two sessions which add
a first factor at once the second finds it there.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import wraps

from allauth.account.app_settings import REAUTHENTICATION_TIMEOUT
from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver

from aftercare.clinics.leaving import end_sessions
from aftercare.clinics.users import User
from aftercare.console.access import user_of
from aftercare.console.accounts.second_factor import ask_for_it, kinds_of, last_shown

OPEN = {
    "mfa_index",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_login_webauthn",
}
"""Pages that change nothing, or are where it is shown."""
View = Callable[..., HttpResponseBase]


def behind_the_factor(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[URLPattern | URLResolver]:
    """The same addresses, each page but those in OPEN behind the factor that its user has."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield URLResolver(one.pattern, list(behind_the_factor(one.url_patterns)))
        elif one.name in OPEN:
            yield one
        else:
            yield URLPattern(one.pattern, _behind(one.callback), one.default_args, one.name)


def _behind(view: View) -> View:
    @wraps(view)
    def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.user.is_anonymous:
            return view(request, *args, **kwargs)
        with transaction.atomic():
            User.objects.select_for_update().get(pk=user_of(request).pk)
            had = kinds_of(request)
            if had and time.time() - last_shown(request) > REAUTHENTICATION_TIMEOUT:
                return ask_for_it(request, had)
            response = view(request, *args, **kwargs)
            if not had and (added := kinds_of(request)):
                _begin_anew(request, added)
            return response

    return page


def _begin_anew(request: HttpRequest, added: frozenset[str]) -> None:
    """Ends the person's other sessions; this one has just shown what was added."""
    user = user_of(request)
    end_sessions(user)
    user.refresh_from_db(fields=["sessions_ended"])
    record_authentication(request, user, "mfa", type=min(added), reauthenticated=True)
    update_session_auth_hash(request, user)
