"""Importing a file in the console: what its columns hold, a preview of every change, then the storing."""

import csv
import hashlib
from dataclasses import replace
from itertools import islice
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from aftercare.clinics.models import Clinic
from aftercare.console.access import RECORDERS, access_of, user_of
from aftercare.console.exporting import WRITERS
from aftercare.console.import_example import example_file, explained
from aftercare.console.import_preview import Preview, all_wrong, preview_of
from aftercare.outbox.importing.files import keep_file
from aftercare.outbox.importing.formulas import defused
from aftercare.outbox.importing.patients import import_patients
from aftercare.outbox.importing.problems import FileError
from aftercare.outbox.importing.sessions import Mode, Report, import_sessions
from aftercare.outbox.importing.tables import read_table
from aftercare.outbox.models import ImportFile, ImportKind

LARGEST = 5 * 1024 * 1024
MOST_ROWS = 5_000
"""Beyond it a page would not answer in time; the command takes any number."""
DRY = Mode(dry_run=True)


class ClinicForm(forms.Form):
    clinic = forms.ModelChoiceField(
        Clinic.objects.none(), label=gettext_lazy("Clinic"), widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, clinics: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["clinic"]
        field.queryset, field.empty_label = clinics, gettext_lazy("Choose a clinic")
        if len(only := clinics[:2]) == 1:
            field.initial, field.widget = only[0], forms.HiddenInput()


class ExampleForm(ClinicForm):
    file_type = forms.ChoiceField(choices=[(kind, kind) for kind in WRITERS])


class FileForm(ClinicForm):
    file = forms.FileField(
        label=gettext_lazy("CSV or Excel file (.xlsx)"), widget=UnfoldAdminFileFieldWidget, max_length=300
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            text = _("The file is larger than 5 MB. Split it, or let your operator use import_sessions.")
            raise forms.ValidationError(text)
        return file


class Importing:
    """The pages of one kind of import, beside the list of what it brings in."""

    def __init__(self, model_admin: Any, kind: ImportKind) -> None:
        self.admin, self.kind = model_admin, kind
        self._name = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}"

    def urls(self) -> list[URLPattern]:
        view = self.admin.admin_site.admin_view
        return [
            path("import/", view(self.upload), name=f"{self._name}_import"),
            path("import/example/", view(self.example), name=f"{self._name}_import_example"),
            path("import/<int:file_id>/", view(self.look), name=f"{self._name}_import_file"),
            path("import/<int:file_id>/wrong.csv", view(self.wrong), name=f"{self._name}_import_wrong"),
        ]

    def upload(self, request: HttpRequest) -> HttpResponse:
        clinics = access_of(request).clinics(RECORDERS)
        if not clinics.exists():
            raise PermissionDenied
        form = FileForm(request.POST or None, request.FILES or None, clinics=clinics)
        valid = request.method == "POST" and form.is_valid()
        if valid and (kept := self._keep(form, request)):
            return HttpResponseRedirect(self._url(kept))
        example_url = reverse(f"admin:{self._name}_import_example")
        context = {"form": form, "example_url": example_url, "example_clinics": list(clinics)}
        return self._page(request, "upload", {**context, "explained": explained(self.kind)})

    def example(self, request: HttpRequest) -> HttpResponseBase:
        """A file that this import takes as it stands, to start from."""
        clinics = access_of(request).clinics(RECORDERS)
        form = ExampleForm(request.GET, clinics=clinics)
        if not form.is_valid():
            raise Http404
        try:
            return example_file(self.kind, **form.cleaned_data, now=timezone.now())
        except FileError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(reverse(f"admin:{self._name}_import"))

    def look(self, request: HttpRequest, file_id: int) -> HttpResponse:
        """The mapping and the preview; stores what was seen when asked to."""
        file = self._file(request, file_id)
        if "_cancel" in request.POST:
            file.delete()
            messages.info(request, _("The file is forgotten. Nothing was stored."))
            return self._to_list()
        if "_map" in request.POST:
            file.mapping = request.POST.getlist("column")
            file.save(update_fields=["mapping"])
            return HttpResponseRedirect(self._url(file))
        return self._store_or_show(request, file)

    def _keep(self, form: FileForm, request: HttpRequest) -> ImportFile | None:
        upload = form.cleaned_data["file"]
        given = {"clinic": form.cleaned_data["clinic"], "by": user_of(request), "now": timezone.now()}
        try:
            return keep_file(_short_enough(upload.read()), kind=self.kind, name=upload.name, **given)
        except FileError as error:
            form.add_error("file", str(error))
            return None

    def wrong(self, request: HttpRequest, file_id: int) -> HttpResponse:
        """All cells that the preview lists or counts, as a file to mend the other one by."""
        file = self._file(request, file_id)
        try:
            report = self._run(file, request, _mode(file, request.GET))
        except FileError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(self._url(file))
        rows = [
            (each.line, each.named, each.cell, each.text, title) for title, each in all_wrong(file, report)
        ]
        header = (_("Line"), _("Column"), _("Cell"), _("What to do"), _("What it means"))
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response.write("\ufeff")
        csv.writer(response).writerows([defused(str(cell)) for cell in row] for row in (header, *rows))
        response["Content-Disposition"] = 'attachment; filename="wrong-cells.csv"'
        response["Cache-Control"] = "no-store"
        return response

    def _file(self, request: HttpRequest, file_id: int) -> ImportFile:
        """One's own file, in a clinic in which one records; else 404."""
        mine = access_of(request).limit(ImportFile.objects.filter(kind=self.kind), RECORDERS)
        return get_object_or_404(mine, pk=file_id, uploaded_by=request.user.pk)

    def _store_or_show(self, request: HttpRequest, file: ImportFile) -> HttpResponse:
        mode = _mode(file, request.POST)
        error, report = "", None
        try:
            report = self._run(file, request, mode)
            if "_store" in request.POST and self._may_store(request, report):
                return self._store(request, file, mode)
        except FileError as refused:
            error, report = str(refused), None
        return self._preview(request, file, report, error)

    def _may_store(self, request: HttpRequest, report: Report) -> bool:
        """Only what was seen, and only with a word on the rows that are left out."""
        if request.POST.get("seen") != digest(report):
            messages.warning(request, _("What is stored has changed meanwhile. Look at the preview again."))
            return False
        if left_out(report) and "leave_out" not in request.POST:
            messages.error(
                request, _("Nothing was stored. Correct the rows listed, or tick to leave them out.")
            )
            return False
        return True

    def _store(self, request: HttpRequest, file: ImportFile, mode: Mode) -> HttpResponse:
        report = self._run(file, request, replace(mode, dry_run=False, at_once=True))
        file.delete()
        number, named = len(report.new), len(report.adopted)
        text = ngettext("%d row was stored.", "%d rows were stored.", number) % number
        if named:
            text += " " + ngettext("%d patient got an id.", "%d patients got an id.", named) % named
        messages.success(request, text)
        return self._to_list()

    def _run(self, file: ImportFile, request: HttpRequest, mode: Mode) -> Report:
        """Raises FileError."""
        run = import_sessions if self.kind == ImportKind.SESSIONS else import_patients
        given = {"clinic": file.clinic, "by": user_of(request), "now": timezone.now(), "mode": mode}
        return run(bytes(file.data), **given)  # type: ignore[arg-type]

    def _preview(
        self, request: HttpRequest, file: ImportFile, report: Report | None, error: str
    ) -> HttpResponse:
        preview: Preview = preview_of(file, report, now=timezone.now())
        wrong_url = reverse(f"admin:{self._name}_import_wrong", args=[file.pk])
        doubles = "take_doubles" in request.POST
        context = {
            "file": file,
            "error": error,
            "preview": preview,
            "report": report,
            "seen": digest(report) if report else "",
            "left_out": left_out(report) if report else 0,
            "take_doubles": doubles,
            "wrong_url": f"{wrong_url}?take_doubles=1" if doubles else wrong_url,
        }
        return self._page(request, "preview", context)

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> TemplateResponse:
        shared = {
            **self.admin.admin_site.each_context(request),
            "title": _("Import patients") if self.kind == ImportKind.PATIENTS else _("Import sessions"),
            "opts": self.admin.opts,
            "list_url": reverse(f"admin:{self._name}_changelist"),
        }
        return TemplateResponse(request, f"console/importing/{name}.html", {**shared, **context})

    def _url(self, file: ImportFile) -> str:
        return reverse(f"admin:{self._name}_import_file", args=[file.pk])

    def _to_list(self) -> HttpResponse:
        return HttpResponseRedirect(reverse(f"admin:{self._name}_changelist"))


def _mode(file: ImportFile, asked: QueryDict) -> Mode:
    """A dry run with the columns as told, which takes likely doubles where the page was asked to."""
    return replace(DRY, take_doubles="take_doubles" in asked, mapping=file.mapping)


def with_import(model_admin: Any, request: HttpRequest, context: dict[str, Any] | None) -> dict[str, Any]:
    """The context of a list with the way to its import, for those who may."""
    if not access_of(request).holds(RECORDERS):
        return context or {}
    name = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}"
    return {**(context or {}), "import_url": reverse(f"admin:{name}_import")}


def _short_enough(data: bytes) -> bytes:
    rows = sum(1 for _line in islice(read_table(data).lines, MOST_ROWS + 1))
    if rows > MOST_ROWS:
        text = _("The file has more than %s rows. Split it, or let your operator use import_sessions.")
        raise FileError(text % MOST_ROWS)
    return data


def left_out(report: Report) -> int:
    """How many rows of the file are not stored although they are not stored already."""
    return len({problem.line for problem in (*report.problems, *report.conflicts, *report.doubles)})


def digest(report: Report) -> str:
    """The same as long as the same rows would be stored, and ids given, for the same patients."""
    said: list[tuple[object, object]] = [(row.line, row.patient.pk) for row in report.new]
    said += [(patient.pk, patient.external_id) for patient in report.adopted]
    return hashlib.sha256(repr((said, left_out(report))).encode()).hexdigest()[:16]
