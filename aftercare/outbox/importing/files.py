"""A file between upload and import: kept with what its columns hold, and forgotten after a day."""

from datetime import datetime, timedelta
from difflib import get_close_matches

from aftercare.clinics.models import Clinic, User
from aftercare.outbox.importing.reading import PATIENTS, SESSIONS, Columns, plain_name
from aftercare.outbox.importing.tables import read_table
from aftercare.outbox.models import ImportFile, ImportKind

KEPT = timedelta(days=1)
_OTHER_NAMES = {
    "id": "external_id",
    "session_id": "external_id",
    "patient_id": "patient_external_id",
    "client_id": "patient_external_id",
    "given_name": "first_name",
    "forename": "first_name",
    "nombre": "first_name",
    "surname": "last_name",
    "family_name": "last_name",
    "apellidos": "last_name",
    "e_mail": "email",
    "email_address": "email",
    "correo": "email",
    "mobile": "phone",
    "telephone": "phone",
    "teléfono": "phone",
    "date_of_birth": "birth_date",
    "dob": "birth_date",
    "fecha_de_nacimiento": "birth_date",
    "provider": "practitioner",
    "therapist": "practitioner",
    "ended": "ended_at",
    "end_time": "ended_at",
    "lot": "cartridge_lot",
}


def columns_of(kind: str) -> Columns:
    return SESSIONS if kind == ImportKind.SESSIONS else PATIENTS


def keep_file(data: bytes, *, kind: str, name: str, clinic: Clinic, by: User, now: datetime) -> ImportFile:
    """The file with a guess at what its columns hold. Raises FileError if it cannot be read at all."""
    header = read_table(data).header
    mapping = guess(header, columns_of(kind))
    return ImportFile.objects.create(
        clinic=clinic, uploaded_by=by, uploaded_at=now, kind=kind, name=name[:120], data=data, mapping=mapping
    )


def forget_files(*, now: datetime) -> None:
    """Files that nobody went on with."""
    ImportFile.objects.filter(uploaded_at__lt=now - KEPT).delete()


def guess(header: list[str], columns: Columns) -> list[str]:
    """For each column of the file the one of ours it most likely is, each once; “” where nothing is near."""
    taken: set[str] = set()
    found = []
    for name in header:
        near = _near(plain_name(name), columns)
        found.append("" if near in taken else near)
        taken.add(near)
    return found


def _near(name: str, columns: Columns) -> str:
    known = _OTHER_NAMES.get(name, name)
    if known in columns.all:
        return known
    near = get_close_matches(known, columns.all, n=1, cutoff=0.85)
    return near[0] if near else ""
