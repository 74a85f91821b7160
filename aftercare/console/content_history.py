"""Who wrote what and who approved it: every text a template ever had, compared, and put back as a draft."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftercare.clinics.models import User
from aftercare.console.access import access_of, is_id
from aftercare.console.content_drafts import differences, draft_of, name_of
from aftercare.console.times import here
from aftercare.content.approval import save_draft, words_digest
from aftercare.content.models import MessageTemplate, TemplateVersion, VersionStatus
from aftercare.content.publishing import source_of

Saved = TemplateVersion.history.model
"""A text as it was once saved."""
WROTE, APPROVED, RETIRED, DELETED = (
    gettext_lazy("wrote"),
    gettext_lazy("approved"),
    gettext_lazy("retired: a newer version took its place"),
    gettext_lazy("deleted the draft"),
)


@dataclass(frozen=True)
class Event:
    """One thing that happened to a text; ``words`` names the text it left, to be looked at again."""

    at: datetime
    who: str | Promise
    did: Promise
    language: str
    number: int
    words: str = ""
    before: str = ""
    detail: str = ""


def words_page(admin: ModelAdmin, request: HttpRequest, pk: int) -> TemplateResponse:
    """Everything that was ever written for a template, newest first."""
    template = get_object_or_404(admin.get_queryset(request).select_related("clinic"), pk=pk)
    context = {"template": template, "clinic": template.clinic, "events": events_of(template)}
    return _page(admin, request, "console/content/words_history.html", _("What was written"), context)


def events_of(template: MessageTemplate) -> list[Event]:
    """Who wrote, approved or deleted what, newest first."""
    saved = Saved.objects.filter(template=template.pk).select_related("author", "history_user")
    found = [*_written(list(saved.order_by("history_date", "history_id"))), *_decided(template)]
    return sorted(found, key=lambda event: event.at, reverse=True)


def compare_page(admin: ModelAdmin, request: HttpRequest) -> TemplateResponse:
    """Two texts of one template, line by line."""
    old, new = (_text(admin, request, request.GET.get(name, "")) for name in ("old", "new"))
    if old.template_id != new.template_id:
        raise Http404
    context = {
        "template": old.template,
        "clinic": old.template.clinic,
        "differences": differences(old, new),
        "old": request.GET["old"],
        "new": request.GET["new"],
        "choices": _choices(old.template),
        "may_restore": _may_write(admin, request, old),
    }
    return _page(admin, request, "console/content/compare.html", _("Compare"), context)


def restore_page(admin: ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """Asks, with both texts, before an old one becomes the draft; the draft's words stay in the history."""
    ref = request.GET.get("words", "") or request.POST.get("words", "")
    text = _text(admin, request, ref)
    if not _may_write(admin, request, text):
        raise PermissionDenied
    draft = draft_of(text.template, text.language)
    if request.method == "POST" and request.POST.get("read", "") == _digest(draft):
        return _restore(request, text)
    context = {
        "template": text.template,
        "clinic": text.template.clinic,
        "text": text,
        "words": ref,
        "read": _digest(draft),
        "draft": draft,
        "changed": request.method == "POST",
        "differences": differences(draft, text) if draft else [],
    }
    return _page(admin, request, "console/content/restore.html", _("Use these words again"), context)


def compare_url(old: str, new: str) -> str:
    query = urlencode({"old": old, "new": new})
    return f"{reverse('admin:content_templateversion_compare')}?{query}"


def _restore(request: HttpRequest, text: TemplateVersion) -> HttpResponse:
    author = cast(User, request.user)
    draft = save_draft(template=text.template, language=text.language, source=source_of(text), author=author)
    messages.success(request, _("These words are the draft now. Look at them, then have them approved."))
    return redirect(reverse("admin:content_templateversion_change", args=[draft.pk]))


def _written(saved: list[Any]) -> Iterator[Event]:
    """What was saved, where its words differ from those before."""
    last: dict[int, Any] = {}
    for row in saved:
        before = last.get(row.id)
        if row.history_type == "-":
            yield _event(row, DELETED, _named(row.history_user))
        elif before is None or words_digest(row) != words_digest(before):
            yield _event(row, WROTE, _named(row.author), before)
        last[row.id] = row


def _named(user: User | None) -> str | Promise:
    """Texts that came with a protocol were written by nobody here."""
    return name_of(user) if user else _("The system")


def _event(row: Any, did: Promise, who: str | Promise, before: Any = None) -> Event:
    return Event(
        at=row.history_date,
        who=who,
        did=did,
        language=row.get_language_display(),
        number=row.number,
        words=f"s{row.history_id}",
        before=f"s{before.history_id}" if before else "",
    )


def _decided(template: MessageTemplate) -> Iterator[Event]:
    for version in template.versions.all():
        language, words = version.get_language_display(), f"v{version.pk}"
        named: Any = {"language": language, "number": version.number, "words": words}
        if version.approved_at:
            licence = _("licence %(number)s") % {"number": version.approver_licence}
            yield Event(version.approved_at, version.approver_name, APPROVED, detail=licence, **named)
        if version.retired_at:
            yield Event(version.retired_at, "", RETIRED, **named)


def _choices(template: MessageTemplate) -> list[tuple[str, str]]:
    """Every text of the template that can be compared: its versions, then what was saved on the way."""
    versions = [(f"v{version.pk}", str(version)) for version in template.versions.all()]
    saved = [event for event in events_of(template) if event.did is WROTE]
    return [*versions, *((event.words, _saved_name(event)) for event in saved)]


def _saved_name(event: Event) -> str:
    said = {"language": event.language, "number": event.number, "who": event.who}
    when = here(event.at, "j M Y, H:i")
    return f"{_('%(language)s %(number)s, as %(who)s saved it') % said} · {when}"


def _text(admin: ModelAdmin, request: HttpRequest, ref: str) -> TemplateVersion:
    """The text a reference names: ``v`` and a version's id, or ``s`` and that of a saved state. 404 else."""
    kind, number = ref[:1], ref[1:]
    if kind not in ("v", "s") or not is_id(number):
        raise Http404
    if kind == "v":
        visible = admin.get_queryset(request).select_related("template__clinic")
        return get_object_or_404(visible, pk=number)
    clinics = access_of(request).clinics()
    saved = get_object_or_404(Saved, history_id=number, template__clinic__in=clinics)
    template = MessageTemplate.objects.select_related("clinic").get(pk=saved.template_id)
    words = {name: getattr(saved, name) for name in ("language", "number", "subject", "preheader", "body")}
    return TemplateVersion(template=template, **words)


def _may_write(admin: ModelAdmin, request: HttpRequest, text: TemplateVersion) -> bool:
    return admin.has_approve_permission(request, text)  # type: ignore[attr-defined]


def _digest(draft: TemplateVersion | None) -> str:
    return words_digest(draft) if draft and draft.status == VersionStatus.DRAFT else "none"


def _page(
    admin: ModelAdmin, request: HttpRequest, template: str, title: str, context: dict[str, Any]
) -> TemplateResponse:
    shared = {**admin.admin_site.each_context(request), "opts": admin.opts, "title": title}
    return TemplateResponse(request, template, {**shared, **context})
