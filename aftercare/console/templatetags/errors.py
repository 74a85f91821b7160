"""What a refused form's top says: each error with a link to its place on the page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@dataclass(frozen=True)
class Wrong:
    """A field, or part of the page, with the id that a link leads to; rows say their error, too."""

    place: str
    label: str
    text: str = ""


@register.simple_tag(takes_context=True)
def wrong_places(context: template.Context) -> list[Wrong]:
    """In the order of the page; without what concerns the form as a whole, which is said below."""
    form = context["adminform"].form if "adminform" in context else None
    inlines = context.get("inline_admin_formsets") or ()
    return [*_of_form(form), *(each for inline in inlines for each in _of_rows(inline))]


def _of_form(form: Any) -> Iterator[Wrong]:
    if form is None:
        return
    yield from (Wrong(field.id_for_label, field.label) for field in form.visible_fields() if field.errors)
    yield from (Wrong(field.name, field.label) for field in form.hidden_fields() if field.errors)


def _of_rows(inline: Any) -> Iterator[Wrong]:
    rows, title = inline.formset, str(inline.opts.verbose_name_plural)
    for text in rows.non_form_errors():
        yield Wrong(f"{rows.prefix}-group", title, str(text))
    for number, form in enumerate(rows.forms):
        yield from _of_row(form, id_=f"{rows.prefix}-{number}", row={"title": title, "row": number + 1})


def _of_row(form: Any, *, id_: str, row: Mapping[str, Any]) -> Iterator[Wrong]:
    for text in form.non_field_errors():
        yield Wrong(id_, _("%(title)s, row %(row)s") % row, str(text))
    for field in form.visible_fields():
        if field.errors:
            label = _("%(title)s, row %(row)s, %(label)s") % {**row, "label": field.label}
            yield Wrong(field.id_for_label, label, " ".join(map(str, field.errors)))
