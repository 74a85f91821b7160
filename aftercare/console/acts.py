"""What staff do to one row on a page of its own: they read what will happen, give a reason, and confirm."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from aftercare.clinics.models import Role
from aftercare.console.access import RECORDERS
from aftercare.console.approving import factor_again_first
from aftercare.console.scoping import ScopedAdmin
from aftercare.outbox.refusing import Refused


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What an act's page shows of the row, as names and values; not done, and ``changed`` said, if not so."""

    of: Callable[[Any], Sequence[tuple[str, str]]]
    changed: Promise

    def digest(self, row: Any) -> str:
        """The same as long as the page shows the same."""
        return hashlib.sha256(repr([value for _name, value in self.of(row)]).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing to do: its words, who may do it, to which rows, and the operation behind it.

    ``run`` gets the row, the reason, the user and the time. ``stops`` names what will not be sent any more,
    ``starts`` what will be sent after all.
    ``asks_factor``: whoever does it shows their second factor again.
    ``facts``: what is shown of the row, and is done only as it was read.
    ``page`` asks instead of the usual page: it gets the admin, the act, the request and the row.
    """

    name: str
    title: Promise
    explanation: Promise
    button: Promise
    done: Promise
    legal: Callable[[Any], bool]
    run: Callable[[Any, Any, Any, datetime], object]
    roles: tuple[Role, ...] = RECORDERS
    asks_reason: bool = True
    asks_factor: bool = False
    danger: bool = False
    facts: Facts | None = None
    icon: str = "edit"
    stops: Callable[[Any], Iterable[Any]] | None = None
    starts: Callable[[Any], Iterable[Any]] | None = None
    page: Callable[["ActingAdmin", "Act", HttpRequest, Any], HttpResponse] | None = None


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
        error_messages={"required": _("Give the reason. It is kept in the history.")},
    )


class ActingAdmin(ScopedAdmin):
    """Gives each act a page at ``…/<id>/<name>/`` and a button on the row's page."""

    acts: tuple[Act, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        return [self._act_url(act) for act in self.acts] + super().get_urls()

    def _act_url(self, act: Act) -> URLPattern:
        view = self.admin_site.admin_view(partial(act_page, self, act))
        return path(f"<path:object_id>/{act.name}/", view, name=f"{self._names()}_{act.name}")

    def _names(self) -> str:
        return f"{self.model._meta.app_label}_{self.model._meta.model_name}"

    def acts_for(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """The acts that this user may do to the row now, with their addresses."""
        return [
            {"act": act, "url": reverse(f"admin:{self._names()}_{act.name}", args=[row.pk])}
            for act in self.acts
            if act.legal(row) and self.may(request, act.roles, row)
        ]

    def row_url(self, row: Any) -> str:
        return reverse(f"admin:{self._names()}_change", args=[row.pk])

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None and row.pk:
            context["acts"] = self.acts_for(request, row)
        return super().render_change_form(request, context, **kwargs)


def act_page(admin: ActingAdmin, act: Act, request: HttpRequest, object_id: str) -> HttpResponse:
    """Asks before an act is done, and does it when confirmed."""
    row = admin.get_object(request, object_id)
    if not admin.may(request, act.roles, row):
        raise PermissionDenied
    if not act.legal(row):
        messages.warning(request, _("Nothing was done: this is not possible any more."))
        return HttpResponseRedirect(admin.row_url(row))
    if act.page is not None:
        return act.page(admin, act, request, row)
    form = ReasonForm(request.POST or None) if act.asks_reason else None
    if request.method == "POST" and (form is None or form.is_valid()):
        if act.asks_factor and (way := factor_again_first(request)):
            return way
        return _do(admin, act, request, row, form.cleaned_data["reason"] if form else "")
    return TemplateResponse(request, "console/act.html", _context(admin, act, request, row, form))


def _do(admin: ActingAdmin, act: Act, request: HttpRequest, row: Any, reason: str) -> HttpResponse:
    try:
        if act.facts and request.POST.get("read") != act.facts.digest(row):
            raise Refused(str(act.facts.changed))
        act.run(row, reason, request.user, timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, str(act.done))
    return HttpResponseRedirect(admin.row_url(row))


def _context(
    admin: ActingAdmin, act: Act, request: HttpRequest, row: Any, form: ReasonForm | None
) -> dict[str, Any]:
    return {
        **admin.admin_site.each_context(request),
        "title": act.title,
        "subtitle": str(row),
        "opts": admin.model._meta,
        "act": act,
        "row": row,
        "row_url": admin.row_url(row),
        "form": form,
        "facts": act.facts.of(row) if act.facts else [],
        "read": act.facts.digest(row) if act.facts else "",
        "stops": list(act.stops(row)) if act.stops else [],
        "starts": list(act.starts(row)) if act.starts else [],
    }
