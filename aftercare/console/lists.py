"""What makes long lists quick: pages found by their ids, reading by index, one field for many choices."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.admin import RelatedFieldListFilter
from django.core.paginator import Page, Paginator
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from aftercare.console.access import access_of
from aftercare.console.times import here

MOST_LINKS = 20
"""A filter with more choices is one field to choose from instead of a link for each."""
JUMP = 1.1
"""The cost of reading a page of an index, where the next page of a table costs 1. PostgreSQL reckons with 4,
for disks with a head to move; then it reads a year of messages to find two weeks."""


def instant_of(name: str, title: str | Promise) -> Callable[[Any], str]:
    """A column with a row's instant on the clock that the page shows, and its place."""

    @display(description=title, ordering=name)
    def shown(row: Any) -> str:
        instant = getattr(row, name)
        return here(instant, "D j M Y, H:i") if instant else "–"

    return shown


class PageOfRows(Paginator):
    """Finds a page's ids first and reads those rows alone, rather than all that a list joins, to show 25."""

    def page(self, number: Any) -> Page[Any]:
        found: Any = super().page(number)
        rows: Any = self.object_list
        found.object_list = rows.filter(pk__in=list(found.object_list.values_list("pk", flat=True)))
        return found


@contextmanager
def reading_by_index() -> Iterator[None]:
    """What is read inside is read through indexes where there are any. Nothing is to be sent in it."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL random_page_cost = %s", [JUMP])
        yield


class ScopedRelatedFilter(RelatedFieldListFilter):
    """A filter beside a list that offers the user's own rows only."""

    def __init__(self, field: Any, request: HttpRequest, *given: Any, **named: Any) -> None:
        super().__init__(field, request, *given, **named)
        if request.GET.get(self.lookup_kwarg) == "":  # the field's "All"
            self.used_parameters.pop(self.lookup_kwarg, None)
        if len(self.lookup_choices) > MOST_LINKS:
            self.template = "console/long_filter.html"
            asked = request.GET.items()
            self.kept = [
                (name, said) for name, said in asked if said and name not in (self.lookup_kwarg, "p")
            ]

    def field_choices(
        self,
        field: Any,
        request: HttpRequest,
        model_admin: Any,
    ) -> list[tuple[Any, Any]]:
        rows = access_of(request).limit(field.related_model._default_manager.all())
        return [(row.pk, str(row)) for row in rows]

    @property
    def options(self) -> SafeString:
        """The choices as HTML: written here, hundreds of them cost a template's tenth."""
        chosen = self.lookup_val or ()
        each = [(pk, " selected" if str(pk) in chosen else "", said) for pk, said in self.lookup_choices]
        return format_html_join("", '<option value="{}"{}>{}</option>', each)

    def choices(self, changelist: Any) -> Iterator[Any]:
        """For a link each; a field needs none."""
        return iter(()) if self.template == "console/long_filter.html" else super().choices(changelist)
