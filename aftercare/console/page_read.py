"""What a page of the console was built from: the values in its forms, and a digest of what was stored."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Self

from django import forms
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import FieldDoesNotExist, SuspiciousOperation
from django.forms.models import BaseInlineFormSet
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

READ_AS = "read_as"
"""The field that says what the page was built from."""
OWN_ROW = ""

Shown = bool | str | list[str]
"""A field's value, in the form in which a browser sends it."""


@dataclass(frozen=True)
class Row:
    """A row as a form shows it. ``digest``: of what is stored in the form's fields."""

    name: str
    digest: str
    shown: dict[str, Shown]


@dataclass(frozen=True)
class PageRead:
    """The page's own row, and those of its parts by their formset's prefix and their id."""

    rows: dict[str, Row]

    @classmethod
    def of(cls, form: forms.ModelForm, formsets: list[BaseInlineFormSet]) -> Self:
        """Of what is stored, as unbound forms hold it."""
        rows = {OWN_ROW: _row(form)}
        rows |= {key: _row(part) for formset in formsets for key, part in parts_of(formset).items()}
        return cls(rows)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises SuspiciousOperation for what :meth:`as_text` did not write."""
        try:
            found = json.loads(text).items()
            rows = {
                str(key): Row(str(name), str(digest), dict(shown)) for key, (name, digest, shown) in found
            }
        except (AttributeError, RecursionError, TypeError, ValueError) as error:
            raise SuspiciousOperation("A page says in no known way what it was built from.") from error
        return cls(rows)

    def as_text(self) -> str:
        return json.dumps({key: (row.name, row.digest, row.shown) for key, row in self.rows.items()})

    def differs(self, other: Self) -> bool:
        return self._digests() != other._digests()

    def _digests(self) -> dict[str, str]:
        return {key: row.digest for key, row in self.rows.items()}


def parts_of(formset: BaseInlineFormSet) -> dict[str, forms.ModelForm]:
    """The forms of the rows there are, in the formset's order."""
    return {f"{formset.prefix}:{form.instance.pk}": form for form in formset.initial_forms}


def posted(form: forms.ModelForm, name: str, data: QueryDict) -> Shown:
    """What ``data`` says in the form's field."""
    widget = _widget(form, name)
    return _plain(widget, widget.value_from_datadict(data, MultiValueDict(), form.add_prefix(name)))


def write(data: QueryDict, form: forms.ModelForm, name: str, value: Shown) -> None:
    """Puts the value into ``data`` as a browser would send it."""
    widget, key = _widget(form, name), form.add_prefix(name)
    if isinstance(widget, forms.MultiWidget):
        suffixes: list[str] = getattr(widget, "widgets_names")  # noqa: B009 - the stubs do not know it
        for suffix, part in zip(suffixes, value if isinstance(value, list) else [], strict=False):
            data[f"{key}{suffix}"] = part
    elif isinstance(value, bool):
        data.setlist(key, ["on"] if value else [])
    else:
        data.setlist(key, value if isinstance(value, list) else [value])


def _row(form: forms.ModelForm) -> Row:
    names = [name for name, field in form.fields.items() if not field.disabled]
    shown = {
        name: _plain(_widget(form, name), form.fields[name].prepare_value(form[name].initial))
        for name in names
        if not isinstance(_widget(form, name), forms.FileInput)
    }
    stored = [(name, _stored(form.instance, name)) for name in sorted(names)]
    digest = hashlib.sha256(repr(stored).encode()).hexdigest()[:32]
    return Row(str(form.instance), digest, shown)


def _stored(instance: Any, name: str) -> Any:
    """None for a field that is the form's alone."""
    try:
        field = instance._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    value = field.value_from_object(instance)
    return sorted(row.pk for row in value) if field.many_to_many else str(value)


def _widget(form: forms.ModelForm, name: str) -> forms.Widget:
    widget = form.fields[name].widget
    return widget.widget if isinstance(widget, RelatedFieldWidgetWrapper) else widget


def _plain(widget: forms.Widget, value: Any) -> Shown:
    if isinstance(widget, forms.CheckboxInput):
        return bool(widget.check_test(value))
    if isinstance(widget, forms.MultiWidget):
        parts = value if isinstance(value, list | tuple) else widget.decompress(value) or ()
        return [str(_plain(sub, part)) for sub, part in zip(widget.widgets, parts, strict=False)]
    said = widget.format_value(value)
    if isinstance(said, list | tuple | set):
        return sorted(str(each) for each in said if each not in (None, ""))
    return "" if said is None else str(said).replace("\r\n", "\n")
