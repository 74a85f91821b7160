"""What a file to import may hold, said in words, and an example of one to start from."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.functional import Promise

from aftercare.clinics.models import Clinic
from aftercare.console.exporting import WRITERS
from aftercare.outbox.importing.examples import example_patients, example_sessions
from aftercare.outbox.importing.files import columns_of
from aftercare.outbox.importing.meanings import MEANINGS, Meaning
from aftercare.outbox.models import ImportKind
from aftercare.treatments.models import Site
from aftercare.treatments.screening import QUESTIONS


@dataclass(frozen=True)
class Explained:
    """A column, what it means, whether a file must have it, and the words that a cell knows, if any."""

    name: str
    meaning: Meaning
    needed: bool
    words: list[tuple[str, str | Promise]]


def explained(kind: str) -> list[Explained]:
    """Every column, in the order in which they are told."""
    columns = columns_of(kind)
    return [Explained(name, MEANINGS[name], name in columns.required, _words(name)) for name in columns.all]


def _words(column: str) -> list[tuple[str, str | Promise]]:
    if column == "areas":
        return [(site.value, site.label) for site in Site]
    if column == "screening":
        return list({question.code: question.label for question in QUESTIONS}.items())
    return []


def example_file(kind: str, *, clinic: Clinic, file_type: str, now: datetime) -> HttpResponseBase:
    """The example in one of the types that lists are exported in. Raises FileError."""
    make = example_sessions if kind == ImportKind.SESSIONS else example_patients
    header = list(columns_of(kind).all)
    lines = [[row.get(name, "") for name in header] for row in make(clinic, now=now)]
    data, content_type = WRITERS[file_type](header, lines)
    response = StreamingHttpResponse(data, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{kind}-example.{file_type}"'
    return response
