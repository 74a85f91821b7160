"""What the editor of a draft shows while somebody types: the message, and what is wrong with its words."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from aftercare.clinics.models import Clinic
from aftercare.console.access import WRITERS, access_of, is_id
from aftercare.console.content_drafts import by_field, name_of, placed
from aftercare.console.content_facts import facts_of, languages_of, wording_of
from aftercare.console.content_pages import Preview, chosen_session, preview, session_choices
from aftercare.content.approval import problems_of, words_digest
from aftercare.content.models import Language, MessageTemplate, TemplateVersion
from aftercare.content.problems import ContentError
from aftercare.treatments.models import TreatmentSession

WORDS = ("subject", "preheader", "body")


@dataclass(frozen=True)
class Asked:
    """The words as they stand in the form, unsaved, and what to show them with.

    ``shown`` is the version to look at: these words, or what is stored in another language.
    """

    version: TemplateVersion
    shown: TemplateVersion | None
    session: TreatmentSession | None

    @property
    def clinic(self) -> Clinic:
        return self.version.template.clinic


def live_page(request: HttpRequest) -> HttpResponse:
    """The form's words looked at as JSON: pieces of the page, the message's HTML and its plain text.

    With ``sessions``, as a new draft's page asks once its template is chosen, also those to fill it with.
    """
    asked = _asked(request)
    problems = placed(asked.version, problems_of(asked.version))
    seen = _seen(asked)
    context = {
        "version": asked.version,
        "clinic": asked.clinic,
        "preview": seen,
        "shown": asked.shown,
        "problem_count": len(problems),
        "facts": facts_of(asked.version, seen if asked.shown is asked.version else None),
        "wording": wording_of(asked.version),
        "languages": languages_of(asked.version),
    }
    sessions = session_choices(request, asked.version) if "sessions" in request.POST else None
    return JsonResponse(
        {
            "sessions": sessions,
            "panel": render_to_string("console/content/live_panel.html", context, request),
            "problems": {name: _problem_list(name, found) for name, found in by_field(problems).items()},
            "html": seen.message.html if seen else "",
            "text": seen.message.text if seen else "",
            "values": _said(seen) if seen else {},
            "stale": _stale(request, asked.version),
        }
    )


def _asked(request: HttpRequest) -> Asked:
    template = _template(request)
    language = request.POST.get("language", "")
    if language not in Language.values:
        raise Http404
    words = {name: request.POST.get(name, "").replace("\r\n", "\n") for name in WORDS}
    version = TemplateVersion(template=template, language=language, **words)
    session = chosen_session(request, version, request.POST.get("session", ""))
    return Asked(version, _shown(version, request.POST.get("show", "")), session)


def _template(request: HttpRequest) -> MessageTemplate:
    """The template the words are for. Only who may write it may ask: 403, and 404 for another clinic's."""
    wanted = request.POST.get("template", "")
    if not is_id(wanted):
        raise Http404
    access = access_of(request)
    visible = access.limit(MessageTemplate.objects.select_related("clinic"))
    template = get_object_or_404(visible, pk=wanted)
    if not access.holds(WRITERS, template.clinic_id):
        raise PermissionDenied
    return template


def _shown(version: TemplateVersion, language: str) -> TemplateVersion | None:
    if language in ("", version.language):
        return version
    stored = version.template.versions.select_related("template__clinic").filter(language=language)
    return stored.order_by("-number").first()


def _seen(asked: Asked) -> Preview | None:
    if asked.shown is None:
        return None
    try:
        return preview(asked.shown, asked.session)
    except ContentError:
        return None


def _said(seen: Preview) -> dict[str, str]:
    """What each placeholder says in this message; flags in words."""
    words = {True: _("yes"), False: _("no")}
    return {
        f"{room}.{name}": words[value] if isinstance(value, bool) else value or _("(nothing)")
        for room, named in seen.values.items()
        for name, value in named.items()
    }


def _problem_list(field: str, problems: list[Any]) -> str:
    context = {"problems": problems, "target": f"id_{field}"}
    return render_to_string("console/content/problems.html", context)


def _stale(request: HttpRequest, version: TemplateVersion) -> str:
    """Who saved other words since this page was opened; empty if nobody did."""
    stored = version.template.versions.drafts().filter(language=version.language).first()
    read = request.POST.get("read", "")
    if not read or stored is None or words_digest(stored) in (read, words_digest(version)):
        return ""
    message = _("%(who)s has saved other words meanwhile. When you save, you will see both.")
    return message % {"who": name_of(stored.author)}
