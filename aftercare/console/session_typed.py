"""A session that somebody else saved, completed, reopened or voided while its form was open.

What was typed is kept.

The form comes again as the one that fits the session now, with what is stored otherwise beside it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftercare.console.access import is_id
from aftercare.console.content_drafts import name_of
from aftercare.console.session_read import READ, digest_of
from aftercare.console.session_starting import count_rows, is_row, put_rows
from aftercare.console.times import said
from aftercare.outbox.planning import STALE
from aftercare.outbox.refusing import EVERYWHERE
from aftercare.treatments.models import SessionState, TreatmentSession

KEPT_AS = "kept_as"
"""The field by which a form that came again says what it became."""
AS_CORRECTION: Mapping[str, Any] = {"correcting": True, "title": gettext_lazy("Correct the session")}
FIXED = ("patient", "protocol")
CORRECTION, DRAFT, NEW = "correction", "draft", "new"
BECOMES = {SessionState.COMPLETED: CORRECTION, SessionState.VOIDED: NEW, SessionState.DRAFT: DRAFT}
MEANWHILE: Mapping[str, Promise] = {
    SessionState.COMPLETED: gettext_lazy(
        "%(who)s completed this session while you were writing. Nothing of yours is saved yet, and "
        "nothing is lost: it stands below, and what is stored otherwise is listed. Save it as a correction, "
        "or leave it."
    ),
    SessionState.VOIDED: gettext_lazy(
        "%(who)s voided this session while you were writing: %(why)s Nothing of yours is saved yet, and "
        "nothing is lost. If the treatment took place, complete it below: it is recorded anew."
    ),
    SessionState.DRAFT: gettext_lazy(
        "%(who)s took the completion back while you were writing: the session is a draft again. Nothing of "
        "yours is saved yet, and nothing is lost. Complete it below."
    ),
}
DELETED = gettext_lazy(
    "%(who)s deleted this draft on %(when)s, while you were writing. Nothing of yours is saved yet, and "
    "nothing is lost: it stands below. Save it as a new session, or leave it."
)

OVERTAKEN = gettext_lazy(
    "%(who)s has saved other words in this session since you opened it. Nothing of yours is saved yet, and "
    "nothing is lost: it stands below, and what is stored otherwise is listed. Take over what you need, then "
    "save again; yours then takes its place."
)


@dataclass(frozen=True)
class Stored:
    """What is stored where the form says something else."""

    label: str
    value: str


def typed_again(
    admin: Any, request: HttpRequest, session: TreatmentSession, page: HttpResponse
) -> HttpResponse:
    """The form with what was typed; the session's ``page`` where it says just what is stored."""
    kept_as = BECOMES[SessionState(session.state)]
    _keep_rows(admin, request, session, kept_as=kept_as)
    stored = [] if kept_as == NEW else _stored_otherwise(admin, request, session)
    if not stored and kept_as == CORRECTION:
        messages.error(request, STALE)
        return page
    _refuse(request, MEANWHILE[session.state], session)
    context: dict[str, Any] = {"kept_as": kept_as, "stored": stored}
    if kept_as == CORRECTION:
        context |= AS_CORRECTION
    key = None if kept_as == NEW else str(session.pk)
    return admin.changeform_view(request, key, "", context)


def deleted_meanwhile(admin: Any, request: HttpRequest, object_id: str) -> HttpResponse | None:
    """For the form of a draft that somebody deleted: that form as a new session's. None for any other.

    Sent again it is saved as one.
    """
    deletions = TreatmentSession.history.filter(history_type="-", clinic__in=admin.editable_clinics(request))
    last = deletions.filter(id=int(object_id)).first() if is_id(object_id) else None
    if last is None or not admin.has_add_permission(request):
        return None
    if request.POST.get(KEPT_AS) != NEW:
        when = said(last.history_date, last.instance.clinic.time_zone)
        text = str(DELETED) % {"who": name_of(last.history_user), "when": when}
        request.session_refused = {EVERYWHERE: [text]}  # type: ignore[attr-defined]
    _keep_rows(admin, request, last.instance, kept_as=NEW)
    return admin.changeform_view(request, None, "", {"kept_as": NEW})


def overtaken(admin: Any, request: HttpRequest, session: TreatmentSession) -> HttpResponse:
    """The form with what was typed beside what somebody else has saved; saved if both say the same.

    Whoever saves again has seen what they replace.
    """
    kept_as = BECOMES[SessionState(session.state)]
    _keep_rows(admin, request, session, kept_as=kept_as)
    seen = request.POST.copy()
    seen[READ] = digest_of(session)
    request.POST = seen  # type: ignore[assignment]
    stored = _stored_otherwise(admin, request, session)
    context: dict[str, Any] = {"stored": stored}
    if stored:
        _refuse(request, OVERTAKEN, session)
    if kept_as == CORRECTION:
        context |= AS_CORRECTION
    return admin.changeform_view(request, str(session.pk), "", context)


def _refuse(request: HttpRequest, text: Promise, session: TreatmentSession) -> None:
    """Keeps the form from being saved, by what whoever saved the session last has done."""
    last = session.history.order_by("-history_date", "-history_id").first()
    who = name_of(last.history_user if last else None)
    said_so = str(text) % {"who": who, "why": f"“{session.void_reason}”."}
    request.session_refused = {EVERYWHERE: [said_so]}  # type: ignore[attr-defined]


def _keep_rows(admin: Any, request: HttpRequest, session: TreatmentSession, *, kept_as: str) -> None:
    """Brings areas and products as posted in line with the rows there are now.

    A correction's form does not ask for patient and protocol: any other gets those of the session.
    """
    data = request.POST.copy()
    data.setdefault("clinic", str(session.clinic_id))
    for inline in admin.get_inline_instances(request, session):
        prefix = "areas" if inline.model.__name__ == "TreatedArea" else "products"
        rows = inline.model.objects.filter(session=session).order_by("pk")
        _put_in_line(data, prefix, [] if kept_as == NEW else [_as_posted(row, inline.fields) for row in rows])
    if kept_as != CORRECTION:
        data.setdefault("patient", str(session.patient_id))
        data.setdefault("protocol", str(session.protocol_id))
    request.POST = data  # type: ignore[assignment]


def _put_in_line(data: QueryDict, prefix: str, stored: list[dict[str, str]]) -> None:
    """Stored rows first, as typed where they were; a typed row without one becomes new."""
    typed = [_row(data, prefix, number) for number in range(count_rows(data, f"{prefix}-TOTAL_FORMS"))]
    first = [_taken(row, typed) for row in stored]
    left = [{name: value for name, value in row.items() if name not in ("id", "session")} for row in typed]
    put_rows(data, prefix, [*first, *(row for row in left if any(row.values()))])
    data[f"{prefix}-INITIAL_FORMS"] = str(len(stored))


def _taken(stored: dict[str, str], typed: list[dict[str, str]]) -> dict[str, str]:
    """The typed row that means this stored one, taken out of those typed; else the stored one."""
    key = next(iter(stored))  # a treated area's site, a product's name
    for row in typed:
        if row.get("id") == stored["id"] or (not row.get("id") and row.get(key) == stored[key]):
            typed.remove(row)
            return {**row, "id": stored["id"], "session": stored["session"]}
    return stored


def _as_posted(row: Any, names: Iterable[str]) -> dict[str, str]:
    given = model_to_dict(row, fields=list(names))
    values = {
        name: "on" if value is True else str(value) for name, value in given.items() if value is not False
    }
    return {**values, "id": str(row.pk), "session": str(row.session_id)}


def _row(data: QueryDict, prefix: str, number: int) -> dict[str, str]:
    start = f"{prefix}-{number}-"
    return {
        name.removeprefix(start): str(data[name])
        for name in data
        if is_row(name, prefix) and name.startswith(start)
    }


def _stored_otherwise(admin: Any, request: HttpRequest, session: TreatmentSession) -> list[Stored]:
    form = admin.get_form(request, session, change=True)(request.POST, instance=session)
    changed: Collection[str] = form.changed_data
    found = [_stored(form, name, session) for name in form.fields if name in changed]
    fixed = [name for name in FIXED if name not in form.fields]
    found += [_fixed(name, session) for name in fixed if _asks_for_another(request.POST, name, session)]
    for formset_class, inline in admin.get_formsets_with_inlines(request, session):
        prefix = formset_class.get_default_prefix()
        rows = formset_class(data=request.POST, instance=session, prefix=prefix)
        if rows.has_changed():
            said_rows = ", ".join(_row_said(row, inline.fields) for row in rows.queryset)
            found.append(Stored(str(inline.model._meta.verbose_name_plural), said_rows or "–"))
    return found


def _asks_for_another(data: QueryDict, name: str, session: TreatmentSession) -> bool:
    return data.get(name, "") not in ("", str(getattr(session, f"{name}_id")))


def _fixed(name: str, session: TreatmentSession) -> Stored:
    """What a correction cannot change."""
    label = str(TreatmentSession._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    stays = _("%(value)s; it stays so: void the session to record it otherwise")
    return Stored(label, stays % {"value": getattr(session, name)})


def _row_said(row: Any, names: Iterable[str]) -> str:
    shown = [getattr(row, f"get_{name}_display", lambda name=name: getattr(row, name))() for name in names]
    return " ".join(str(value) for value in shown if value not in ("", None) and not isinstance(value, bool))


def _stored(form: forms.ModelForm, name: str, session: TreatmentSession) -> Stored:
    field = form.fields[name]
    return Stored(
        str(field.label or name), _in_words(field, form.get_initial_for_field(field, name), session)
    )


def _in_words(field: forms.Field, value: Any, session: TreatmentSession) -> str:
    if isinstance(value, datetime):
        return said(value, session.clinic.time_zone)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
        return str(field.queryset.filter(pk=value).first() or "–")
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        return str(dict(choices).get(value, value or "–"))
    return "–" if value in (None, "") else str(value)
