"""A list as a file: the rows that are shown, of the clinics in which the user may export, and no formulas."""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any, ClassVar

import structlog
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from aftercare.console.access import RECORDERS, access_of
from aftercare.console.scoping import ScopedAdmin
from aftercare.outbox.importing.formulas import defused

log = structlog.get_logger(__name__)

Column = tuple[str, Callable[[Any], object]]
MOST_ROWS = 50_000
CHUNK = 1_000
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ExportingAdmin(ScopedAdmin):
    """Gives a list its export as CSV and Excel. ``export_columns``: a name, and what a row says there.

    Those who may only look at a clinic do not carry its patients away: it needs a role that records.
    """

    export_columns: ClassVar[Sequence[Column]] = ()
    export_prefetch: ClassVar[Sequence[str]] = ()
    change_list_template = "console/list_with_files.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export)
        return [path("export.<str:kind>", view, name=name), *super().get_urls()]

    def export(self, request: HttpRequest, kind: str) -> HttpResponse:
        if kind not in WRITERS or not access_of(request).holds(RECORDERS):
            raise PermissionDenied
        rows = self.export_rows(request)
        lines = [[_said(say(row)) for _name, say in self.export_columns] for row in rows]
        log.info("list_exported", user=request.user.pk, model=self.opts.label_lower, rows=len(lines))
        data, content_type = WRITERS[kind]([name for name, _say in self.export_columns], lines)
        response = HttpResponse(data, content_type=content_type)
        name = f"{self.opts.model_name}-{timezone.localdate()}.{kind}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "no-store"
        return response

    def export_rows(self, request: HttpRequest) -> Iterable[Any]:
        """What the list shows with its search and filters, as far as the user may export it."""
        shown: QuerySet[Any] = self.get_changelist_instance(request).queryset
        shown = shown.prefetch_related(*self.export_prefetch)
        return access_of(request).limit(shown, RECORDERS)[:MOST_ROWS].iterator(chunk_size=CHUNK)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        names = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        urls = [(kind, reverse(f"{names}_export", args=[kind]) + query) for kind in WRITERS]
        may = access_of(request).holds(RECORDERS)
        context = {**(extra_context or {}), "export_urls": urls if may else []}
        return super().changelist_view(request, context)


def _said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    return str(value)


def _as_csv(header: list[str], lines: list[list[str]]) -> tuple[bytes, str]:
    """With a BOM, by which spreadsheets know UTF-8."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerows([header, *([defused(cell) for cell in line] for line in lines)])
    return file.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8"


def _as_excel(header: list[str], lines: list[list[str]]) -> tuple[bytes, str]:
    """Every cell is a text, so that nothing in it is reckoned."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for line in (header, *lines):
        sheet.append([_text(sheet, defused(cell)) for cell in line])
    file = BytesIO()
    book.save(file)
    return file.getvalue(), EXCEL


def _text(sheet: Any, cell: str) -> WriteOnlyCell:
    written = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", cell))
    written.data_type = "s"
    return written


WRITERS: dict[str, Callable[[list[str], list[list[str]]], tuple[bytes, str]]] = {
    "csv": _as_csv,
    "xlsx": _as_excel,
}
