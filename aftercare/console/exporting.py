"""A list as a file: the rows that are shown, of the clinics in which the user may export, and no formulas."""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO
from itertools import chain, islice
from tempfile import TemporaryFile
from typing import Any, ClassVar
from wsgiref.util import FileWrapper

import structlog
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from aftercare.console.access import RECORDERS, access_of
from aftercare.console.reading_log import note_export
from aftercare.console.scoping import ScopedAdmin
from aftercare.outbox.importing.formulas import defused, looks_like_a_formula

log = structlog.get_logger(__name__)

Column = tuple[str, Callable[[Any], object]]
MOST_EXCEL_ROWS = 50_000
"""An Excel file is made before its first byte is sent, so beyond it nobody would wait; CSV has no limit."""
CHUNK = 1_000
PIECE, PIECE_BYTES = 200, 64 * 1024
"""How many rows, and of a finished file bytes, are sent at a time."""
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

    def export(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        if kind not in WRITERS or not access_of(request).holds(RECORDERS):
            raise PermissionDenied
        rows = self.export_rows(request)
        if kind == "xlsx" and rows.order_by()[: MOST_EXCEL_ROWS + 1].count() > MOST_EXCEL_ROWS:
            return self._too_long(request)
        note_export(request, rows, kind=kind)
        lines = self._lines(request, rows)
        data, content_type = WRITERS[kind]([name for name, _say in self.export_columns], lines)
        response = StreamingHttpResponse(data, content_type=content_type)
        name = f"{self.opts.model_name}-{timezone.localdate()}.{kind}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "no-store"
        return response

    def _too_long(self, request: HttpRequest) -> HttpResponseBase:
        text = _(
            "This list has more than %s rows, which an Excel file made here does not hold. Export it as CSV, "
            "which holds all of them, or search and filter first."
        )
        messages.error(request, text % f"{MOST_EXCEL_ROWS:,}")
        names = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return HttpResponseRedirect(f"{reverse(f'{names}_changelist')}?{request.GET.urlencode()}")

    def _lines(self, request: HttpRequest, rows: QuerySet[Any]) -> Iterator[list[str]]:
        """A line for each row, read a chunk at a time while the file is sent; logged once all are said."""
        count = 0
        for row in rows.iterator(chunk_size=CHUNK):
            yield [_said(say(row)) for _name, say in self.export_columns]
            count += 1
        log.info("list_exported", user=request.user.pk, model=self.opts.label_lower, rows=count)

    def export_rows(self, request: HttpRequest) -> QuerySet[Any]:
        """What the list shows with its search and filters, as far as the user may export it."""
        shown: QuerySet[Any] = self.get_changelist_instance(request).queryset
        shown = shown.prefetch_related(*self.export_prefetch)
        return access_of(request).limit(shown, RECORDERS)

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


def _as_csv(header: list[str], lines: Iterable[list[str]]) -> tuple[Iterator[bytes], str]:
    """With a BOM, by which spreadsheets know UTF-8."""
    return _csv_pieces(header, lines), "text/csv; charset=utf-8"


def _csv_pieces(header: list[str], lines: Iterable[list[str]]) -> Iterator[bytes]:
    yield codecs.BOM_UTF8
    left = iter(lines)
    rows = [header]
    while rows:
        piece = StringIO()
        csv.writer(piece).writerows([defused(cell) for cell in row] for row in rows)
        yield piece.getvalue().encode()
        rows = list(islice(left, PIECE))


def _as_excel(header: list[str], lines: Iterable[list[str]]) -> tuple[Iterable[bytes], str]:
    """Every cell is a text, so that nothing in it is reckoned. Written to a file on disk, row by row."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for line in chain([header], lines):
        sheet.append([_text(sheet, cell) for cell in line])
    file = TemporaryFile()  # noqa: SIM115 - closed with the response that sends it
    book.save(file)
    file.seek(0)
    return FileWrapper(file, PIECE_BYTES), EXCEL


def _text(sheet: Any, cell: str) -> WriteOnlyCell:
    """What looks like a formula stays as it is, and a text also after somebody has edited it."""
    written = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", cell))
    written.data_type = "s"
    if looks_like_a_formula(cell):
        written.quotePrefix = True
    return written


WRITERS: dict[str, Callable[[list[str], Iterable[list[str]]], tuple[Iterable[bytes], str]]] = {
    "csv": _as_csv,
    "xlsx": _as_excel,
}
