"""What concerns every clinic, for superusers: pausing everything, and ending a mail service's rest."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from aftercare.clinics.models import User
from aftercare.console.access import access_of, user_of
from aftercare.console.acts import ReasonForm
from aftercare.console.resuming import Resuming, resume_page
from aftercare.outbox.models import ChannelRest, ScheduledMessage, Status
from aftercare.outbox.pausing import pause_site, resume_site
from aftercare.outbox.rest_ending import end_rest
from aftercare.outbox.site_pause import in_force

AHEAD = timedelta(days=1)


def pause_everything(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Stops every clinic's messages, for a reason."""
    by = _superuser(request)
    if in_force():
        return _nothing_done(request)
    form = ReasonForm(request.POST or None)
    now = timezone.now()
    if request.method == "POST" and form.is_valid():
        pause_site(reason=form.cleaned_data["reason"], by=by, now=now)
        messages.success(request, _("Everything is paused. Nothing leaves until you resume."))
        return _home()
    due = ScheduledMessage.objects.filter(status=Status.SCHEDULED, due_at__lte=now + AHEAD)
    context: dict[str, Any] = {"title": _("Pause everything"), "form": form, "due": due.count()}
    return TemplateResponse(request, "console/pause_site.html", {**site.each_context(request), **context})


def resume_everything(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """The review before the pause of the whole site ends."""
    by = _superuser(request)
    pause = in_force()
    if pause is None:
        return _nothing_done(request)
    page = Resuming(
        what=pause,
        row=_("All clinics"),
        title=_("Resume everything"),
        button=_("Resume everything"),
        back=reverse("admin:index"),
        run=lambda pace: resume_site(by=by, now=timezone.now(), per_minute=pace),
        context=site.each_context(request),
    )
    return resume_page(request, page)


def try_again_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends the rest of a mail service, when its cause is put right."""
    _superuser(request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    end_rest(get_object_or_404(ChannelRest, pk=pk), now=timezone.now())
    messages.success(request, _("The mail service is tried again now. Look here again in a minute."))
    return _home()


def _superuser(request: HttpRequest) -> User:
    if not access_of(request).superuser:
        raise PermissionDenied
    return user_of(request)


def _nothing_done(request: HttpRequest) -> HttpResponse:
    messages.warning(request, _("Nothing was done: this is not possible any more."))
    return _home()


def _home() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:index"))
