"""The same treatment under another id: found before it is stored and its messages promised again."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from aftercare.clinics.models import Clinic
from aftercare.outbox.importing.parsing import ParsedRow
from aftercare.outbox.importing.problems import RowProblem
from aftercare.outbox.importing.slicing import in_chunks
from aftercare.treatments.models import SessionState, TreatmentSession

Key = tuple[Hashable, int, date]


def likely_doubles(rows: list[ParsedRow], clinic: Clinic) -> list[RowProblem]:
    """Of rows that seem new, those that are most likely a treatment stored, or one further up in the file.

    The same patient and protocol, and the same end; or the same day of the clinic with the same areas, depths
    and passes, as when a system gives a corrected time a new id.
    """
    seen = _stored(rows, clinic)
    found = []
    for row in rows:
        key = _key(row.session, row.patient, clinic)
        same = next((where for each, where in seen[key] if _alike(row, each)), "")
        if same:
            found.append(RowProblem(row.line, "external_id", _text(same)))
        else:
            where = _("on line %s") % row.line
            seen[key].append(((row.session.ended_at, _areas(row.areas)), where))
    return found


def _stored(rows: Iterable[ParsedRow], clinic: Clinic) -> dict[Key, list[tuple[Any, str]]]:
    seen: dict[Key, list[tuple[Any, str]]] = defaultdict(list)
    patients = {row.patient.pk: row.patient for row in rows if row.patient.pk is not None}
    for ids in in_chunks(patients):
        sessions = TreatmentSession.objects.filter(patient__in=ids, state=SessionState.COMPLETED)
        for session in sessions.prefetch_related("areas"):
            key = _key(session, patients[session.patient_id], clinic)
            where = (
                _("stored under the id “%s”") % session.external_id if session.external_id else _("stored")
            )
            seen[key].append(((session.ended_at, _areas(session.areas.all())), where))
    return seen


def _key(session: TreatmentSession, patient: Any, clinic: Clinic) -> Key:
    return id(patient), session.protocol_id, session.ended_at.astimezone(clinic.time_zone).date()


def _alike(row: ParsedRow, other: Any) -> bool:
    ended_at, areas = other
    return row.session.ended_at == ended_at or _areas(row.areas) == areas


def _areas(areas: Iterable[Any]) -> frozenset[tuple[Any, ...]]:
    return frozenset((area.site, area.depth_mm, area.passes) for area in areas)


def _text(where: str) -> str:
    text = _("Most likely the same treatment is %s. It is left out; if it is another one, say so.")
    return text % where
