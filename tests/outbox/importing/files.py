"""CSV files in memory, for the tests of importing."""

import csv
from io import StringIO

from aftercare.outbox.importing.sessions import Mode, import_sessions
from tests.factories import ENDED_AT

GOOD = {
    "external_id": "S-1",
    "patient_external_id": "P-1",
    "first_name": "Amara",
    "last_name": "Lindqvist",
    "email": "amara@example.com",
    "email_consent_version": "2026-01",
    "email_consent_at": "2026-01-05",
    "practitioner": "Dr Moreau",
    "protocol": "microneedling",
    "ended_at": "2026-03-28T15:00",
    "areas": "face:0.5x2;neck:1.0",
    "products": "Calm Gel|LOT1;Barrier Cream",
    "treatment_consent": "yes",
    "screening": "clear",
}


def as_csv(*rows, delimiter=","):
    """The rows as the bytes of a file; each is GOOD but for what it says."""
    columns = list(dict.fromkeys([*GOOD, *(column for row in rows for column in row)]))
    file = StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([{**GOOD, **row}.get(column, "") for column in columns])
    return file.getvalue().encode()


def take_in(clinic, *rows, data=None, now=ENDED_AT, by=None, **mode):
    data = as_csv(*rows) if data is None else data
    return import_sessions(data, clinic=clinic, by=by, now=now, mode=Mode(**mode))


def said(problems):
    return [(problem.line, problem.column) for problem in problems]
