"""Before a pause ends: what goes at once, what goes later, what was missed, and how fast the backlog goes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from aftercare.console.access import zone_of
from aftercare.console.acts import Act, ActingAdmin
from aftercare.console.times import said, said_shortly
from aftercare.outbox.backlog import Paused, Review, minutes_at, review
from aftercare.outbox.models import SitePause
from aftercare.outbox.pacing import FASTEST
from aftercare.outbox.site_pause import site_paused

AT_ONCE, SLOWLY = "at_once", "slowly"
PACE = 30
"""Messages a minute, unless staff choose another pace."""
MANY = 20
"""From so many on, a pace is offered first."""

BOUNDS = gettext_lazy("Write how many a minute: a whole number from 1 to 600.")


class PaceForm(forms.Form):
    """At once, or so many messages a minute."""

    pace = forms.ChoiceField(
        label=gettext_lazy("How fast"),
        choices=[(AT_ONCE, gettext_lazy("All at once")), (SLOWLY, gettext_lazy("Slowly"))],
        widget=forms.RadioSelect,
        required=False,
    )
    per_minute = forms.IntegerField(
        label=gettext_lazy("Messages a minute"),
        min_value=1,
        max_value=FASTEST,
        required=False,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), BOUNDS),
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("pace") != SLOWLY:
            self.errors.pop("per_minute", None)
            cleaned["per_minute"] = None
        elif cleaned.get("per_minute") is None and "per_minute" not in self.errors:
            self.add_error("per_minute", str(BOUNDS))
        return cleaned


@dataclass(frozen=True, kw_only=True)
class Resuming:
    """What is paused, its words, where to go afterwards, and the operation, which gets the pace.

    ``row`` is what people call it; ``context`` is what the page needs of its admin.
    """

    what: Paused
    row: Any
    title: str | Promise
    button: str | Promise
    back: str
    run: Callable[[int | None], int]
    context: dict[str, Any] = field(default_factory=dict)


def resume_act_page(admin: ActingAdmin, act: Act, request: HttpRequest, row: Any) -> HttpResponse:
    """The page of an act that resumes a clinic or a patient."""
    return resume_page(
        request,
        Resuming(
            what=row,
            row=row,
            title=act.title,
            button=act.button,
            back=admin.row_url(row),
            run=lambda pace: act.run(row, pace, request.user, timezone.now()),  # type: ignore[arg-type,return-value]
            context={**admin.admin_site.each_context(request), "opts": admin.model._meta},
        ),
    )


def resume_page(request: HttpRequest, page: Resuming) -> HttpResponse:
    """Shows the review, and resumes at the chosen pace when it is confirmed."""
    found = review(page.what, now=timezone.now())
    form = PaceForm(request.POST if request.method == "POST" else None, initial=_initial(found))
    if request.method == "POST" and form.is_valid():
        pace = form.cleaned_data["per_minute"]
        messages.success(request, done_words(page.run(pace), pace))
        return HttpResponseRedirect(page.back)
    context = {**page.context, **_shown(page, found, zone_of(request)), "form": form}
    return TemplateResponse(request, "console/resume.html", context)


def done_words(count: int, per_minute: int | None) -> str:
    """What resuming has set going, in a sentence."""
    if not count:
        return _("Resumed. Nothing had waited beyond its time.")
    if per_minute is None:
        words = ngettext(
            "Resumed. %(count)d message had waited beyond its time: it goes now, or after quiet hours.",
            "Resumed. %(count)d messages had waited beyond their time: they go now, or after quiet hours.",
            count,
        )
    else:
        words = ngettext(
            "Resumed. %(count)d message had waited: it goes now.",
            "Resumed. %(count)d messages had waited: they go %(pace)d a minute.",
            count,
        )
    return words % {"count": count, "pace": per_minute}


def _initial(found: Review) -> dict[str, Any]:
    return {"pace": SLOWLY if found.total > MANY else AT_ONCE, "per_minute": PACE}


def _shown(page: Resuming, found: Review, zone: ZoneInfo) -> dict[str, Any]:
    what = page.what
    reason = what.reason if isinstance(what, SitePause) else what.paused_reason
    return {
        "title": page.title,
        "subtitle": str(page.row),
        "row": page.row,
        "button": page.button,
        "back": page.back,
        "reason": reason,
        "since": said(what.paused_at, zone) if what.paused_at else "",
        "review": found,
        "steps": [(step, said_shortly(step.oldest, zone)) for step in found.at_once],
        "later_from": said_shortly(found.later_from, zone) if found.later_from else "",
        "pace": PACE,
        "minutes": minutes_at(found.total, PACE),
        "site_paused": not isinstance(what, SitePause) and site_paused(),
    }
