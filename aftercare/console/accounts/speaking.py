"""The language in which somebody reads the console: the one they chose, else their browser's."""

from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from aftercare.console.access import user_of

PATHS = ("/admin/", "/accounts/")
"""Where staff read. The pages of patients speak the patient's language, whoever looks at them."""


class ChosenLanguage:
    """Middleware: after the one that knows the user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PATHS) or not request.user.is_authenticated:
            return self.get_response(request)
        chosen = user_of(request).language
        if chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen
        return self.get_response(request)


class LanguageForm(forms.Form):
    """Empty is the browser's."""

    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)


@require_POST
@login_required
def language_page(request: HttpRequest) -> HttpResponse:
    """Keeps the choice with the user, and leads back to where it was made."""
    form = LanguageForm(request.POST)
    if form.is_valid():
        user = user_of(request)
        user.language = form.cleaned_data["language"]
        user.save(update_fields=["language"])
    else:
        messages.error(request, _("Choose one of the languages."))
    return HttpResponseRedirect(_way_back(request))


def _way_back(request: HttpRequest) -> str:
    """The path on this site that was asked for, else that of the first page."""
    way = request.POST.get("next", "")
    here = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(way, allowed_hosts=here, require_https=request.is_secure())
    return way if safe and way.startswith("/") else reverse("admin:index")
