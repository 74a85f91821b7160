"""Nobody overwrites unseen what a colleague has saved while the page was open.

The page carries what it was built from. Where other values are stored by the time it is saved, it is shown
again instead: with the colleague's values where the user had touched nothing, with the user's own elsewhere,
and with a word on both. Saving that page goes through.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.forms.formsets import INITIAL_FORM_COUNT, TOTAL_FORM_COUNT
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from aftercare.console.page_read import OWN_ROW, READ_AS, PageRead, Shown, parts_of, posted, write

LONGEST_SAID = 80
NOW, COLLISION = "_stored_now", "_collision"
"""Attributes of a request."""


@dataclass
class Collision:
    """What a colleague saved while the user was writing, and what became of it in the user's page."""

    taken: list[str] = field(default_factory=list)
    """What the user had not touched, and now is as the colleague has it."""
    clashes: list[tuple[str, str | Promise, str | Promise]] = field(default_factory=list)
    """What both changed: its name, what is stored, what the user wrote."""
    removed: list[str] = field(default_factory=list)

    def words(self) -> Iterator[str | Promise]:
        yield _(
            "Somebody has saved other values since you opened this page. Nothing of yours is stored yet, and "
            "nothing is lost. Look at it once more, then save again."
        )
        if self.taken:
            yield _("Now as your colleague has it: %(names)s.") % {"names": "; ".join(self.taken)}
        for name, theirs, mine in self.clashes:
            said = {"name": name, "theirs": theirs, "mine": mine}
            yield _("%(name)s: stored is “%(theirs)s”. If you save, “%(mine)s” takes its place.") % said
        for name in self.removed:
            yield _("“%(name)s” was removed.") % {"name": name}


class CollidedForm(forms.ModelForm):
    """Mixed into the form of a page that must be looked at once more."""

    collision: Collision

    def clean(self) -> Any:
        cleaned = super().clean()
        self.add_error(None, [forms.ValidationError(str(words)) for words in self.collision.words()])
        return cleaned


class PageGuard(ModelAdmin):
    """Mixed into a model's pages: see the module."""

    tells_of_colleagues = True
    """False where a page has a way of its own to tell."""
    change_form_before_template = "console/read_as.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is None or request.method != "POST" or not self.tells_of_colleagues:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction.atomic():
            self._compare(request, object_id)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        collision = getattr(request, COLLISION, None)
        return type(form.__name__, (CollidedForm, form), {"collision": collision}) if collision else form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        if self.tells_of_colleagues and kwargs.get("change") and self.has_change_permission(request, obj):
            now = getattr(request, NOW, None) or PageRead.of(
                context["adminform"].form, [each.formset for each in context["inline_admin_formsets"]]
            )
            context["read_as"] = now.as_text()
        return super().render_change_form(request, context, *args, **kwargs)

    def _compare(self, request: HttpRequest, object_id: str) -> None:
        """Notes what is stored now; where that is not what the page was built from, merges the two."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None or not self.has_change_permission(request, obj):
            return
        type(obj)._default_manager.select_for_update(no_key=True).filter(pk=obj.pk).values_list("pk").first()
        obj = self.get_object(request, unquote(object_id))
        form, formsets = self._unbound(request, obj)
        now = PageRead.of(form, formsets)
        setattr(request, NOW, now)
        if READ_AS not in request.POST:
            return
        before = PageRead.parse(request.POST[READ_AS])
        if before.differs(now):
            merging = Merging(before, now)
            request.POST = merging.merge(request.POST, form, formsets)  # type: ignore[assignment] # Django may
            setattr(request, COLLISION, merging.collision)

    def _unbound(self, request: HttpRequest, obj: Any) -> tuple[forms.ModelForm, list[BaseInlineFormSet]]:
        formsets: list[BaseInlineFormSet] = []
        for formset, inline in self.get_formsets_with_inlines(request, obj):
            rows = inline.get_queryset(request)
            formsets.append(formset(instance=obj, prefix=formset.get_default_prefix(), queryset=rows))
        return self.get_form(request, obj, change=True)(instance=obj), formsets


class Merging:
    """Puts into what was posted what a colleague has saved and the user has not touched."""

    def __init__(self, before: PageRead, now: PageRead) -> None:
        self._before, self._now = before.rows, now.rows
        self.collision = Collision()

    def merge(self, sent: QueryDict, form: forms.ModelForm, formsets: list[BaseInlineFormSet]) -> QueryDict:
        """What to show instead of what was sent. ``form`` and ``formsets`` hold what is stored."""
        data = sent.copy()
        self._merge_row(data, OWN_ROW, form)
        for formset in formsets:
            self._merge_parts(data, formset)
        return data

    def _merge_row(self, data: QueryDict, key: str, form: forms.ModelForm) -> None:
        before = self._before[key].shown if key in self._before else {}
        for name, theirs in self._now[key].shown.items():
            mine = posted(form, name, data)
            if theirs in (before.get(name), mine):
                continue
            said = str(form[name].label) if key == OWN_ROW else f"{form.instance}: {form[name].label}"
            if mine == before.get(name):
                write(data, form, name, theirs)
                self.collision.taken.append(said)
            else:
                self.collision.clashes.append((said, _said(form, name, theirs), _said(form, name, mine)))

    def _merge_parts(self, data: QueryDict, formset: BaseInlineFormSet) -> None:
        """The rows there are now come first, as Django expects, then those that the user adds."""
        parts, prefix = parts_of(formset), formset.prefix
        gone = [key for key in self._before if key.startswith(f"{prefix}:") and key not in parts]
        self.collision.removed += [self._before[key].name for key in gone]
        mine, new = _take_rows(data, formset)
        for index, (key, form) in enumerate(parts.items()):
            form.prefix = f"{prefix}-{index}"
            self._put_part(data, key, form, mine.get(key))
        for index, row in enumerate(new, len(parts)):
            _put(data, f"{prefix}-{index}", row)
        data[f"{prefix}-{INITIAL_FORM_COUNT}"] = str(len(parts))
        data[f"{prefix}-{TOTAL_FORM_COUNT}"] = str(len(parts) + len(new))

    def _put_part(
        self, data: QueryDict, key: str, form: forms.ModelForm, mine: dict[str, list[str]] | None
    ) -> None:
        if mine is not None:
            _put(data, form.prefix, mine)
            self._merge_row(data, key, form)
            return
        for name, theirs in self._now[key].shown.items():
            write(data, form, name, theirs)
        self.collision.taken.append(str(form.instance))


def _take_rows(
    data: QueryDict, formset: BaseInlineFormSet
) -> tuple[dict[str, dict[str, list[str]]], list[dict[str, list[str]]]]:
    """Takes the formset's rows out: those of stored rows by their key, and those the user adds."""
    rows: dict[int, dict[str, list[str]]] = defaultdict(dict)
    for name in list(data):
        index, _dash, field_name = name.removeprefix(f"{formset.prefix}-").partition("-")
        if name.startswith(f"{formset.prefix}-") and index.isdecimal() and field_name:
            rows[int(index)][field_name] = data.pop(name)
    model: Any = formset.model
    pk_name = model._meta.pk.name
    mine, new = {}, []
    for _index, row in sorted(rows.items()):
        if pk := "".join(row.get(pk_name, [])):
            mine[f"{formset.prefix}:{pk}"] = row
        else:
            new.append(row)
    return mine, new


def _put(data: QueryDict, prefix: str | None, row: dict[str, list[str]]) -> None:
    for name, values in row.items():
        data.setlist(f"{prefix}-{name}", values)


def _said(form: forms.ModelForm, name: str, value: Shown) -> str | Promise:
    """A value as the form's reader knows it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    choices = getattr(form.fields[name], "choices", ())
    labels = {str(key): str(label) for key, label in choices if not isinstance(label, list | tuple)}
    words = [labels.get(each, each) for each in (value if isinstance(value, list) else [value])]
    return Truncator(", ".join(words)).chars(LONGEST_SAID) or _("nothing")
