"""The console's admin site: who may enter, and the page they arrive on."""

from collections.abc import Callable
from functools import partial, wraps
from http import HTTPStatus
from typing import Any

from allauth.account.views import login as log_in
from allauth.account.views import logout as log_out
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from aftercare.clinics.places import place
from aftercare.console.access import ALL_ROLES, access_of, zone_of
from aftercare.console.accounts.second_factor import second_factor_first
from aftercare.console.reading_log import note_what_was_opened
from aftercare.console.scoping import ScopedAdmin
from aftercare.console.site_pages import pause_everything, resume_everything, try_again_now


class ChoiceView(AutocompleteJsonView):
    """Words a choice as its page does, so that two people of one name can be told apart."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        label = getattr(self.model_admin, "choice_label", str)
        return {**super().serialize_result(obj, to_field_name), "text": label(obj)}


class ConsoleSite(UnfoldAdminSite):
    """The admin as clinics see it."""

    index_template = "console/dashboard.html"
    index_title = _("Today")

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Takes pages limited to the user's clinics alone: those that libraries bring know of no clinic."""
        if admin_class is not None and issubclass(admin_class, ScopedAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Also the pages that concern every clinic, for superusers."""
        pause, resume = (partial(view, self) for view in (pause_everything, resume_everything))
        own: list[URLPattern | URLResolver] = [
            path("pause-everything/", self.admin_view(pause), name="site_pause"),
            path("resume-everything/", self.admin_view(resume), name="site_resume"),
            path("rests/<int:pk>/end/", self.admin_view(try_again_now), name="rest_end"),
        ]
        # Django's "view on site" would look for any row of any model, and tell whether it is there.
        return own + [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """The log-in page of accounts; somebody who is logged in but of no clinic is told so."""
        if request.user.is_authenticated and not self.has_permission(request):
            return TemplateResponse(request, "account/no_clinic.html", status=HTTPStatus.FORBIDDEN)
        return log_in(request)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        return log_out(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        return redirect("account_change_password")

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and access_of(request).holds(ALL_ROLES)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Every page reads and shows times on the clinic's clock."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def on_the_clinics_clock(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if self.has_permission(request) and (way := second_factor_first(request)):
                return way
            with timezone.override(zone_of(request)):
                response = inner(request, *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
                    response.render()
            note_what_was_opened(request, response)
            return response

        return on_the_clinics_clock

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        """Tells pages the place whose clock they show."""
        return {**context, "clock": place(zone_of(request))}

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:
        return ChoiceView.as_view(admin_site=self)(request)
