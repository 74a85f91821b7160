"""What became of the parts of a row – a session's areas, a clinic's members – for the row's own history."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import ForeignKey, Model
from django.utils.functional import Promise

MOST = 100
"""Changes of one kind of part that a page shows, the newest."""


@dataclass(frozen=True)
class PartChange:
    """One change: when, by whom, to which part, whether it came, changed or went, and from what to what."""

    at: datetime
    who: Any
    part: str
    did: str
    fields: tuple[tuple[str | Promise, Any, Any], ...]


def changes_of_parts(row: Model, parts: Iterable[type[Model]]) -> list[PartChange]:
    """The changes of every kind of part that keeps a history, the newest first."""
    found = [change for part in parts if hasattr(part, "history") for change in _changes(row, part)]
    return sorted(found, key=lambda change: change.at, reverse=True)


def _changes(row: Model, part: Any) -> Iterator[PartChange]:
    tie = next(field for field in part._meta.fields if _leads_to(field, row))
    versions = part.history.filter(**{tie.name: row.pk}).select_related("history_user")[:MOST]
    before: dict[Any, Any] = {}
    for version in reversed(versions):
        yield PartChange(
            at=version.history_date,
            who=version.history_user,
            part=f"{part._meta.verbose_name}: {version.instance}",
            did=": ".join(filter(None, (version.get_history_type_display(), version.history_change_reason))),
            fields=_differences(part, before.get(version.id), version),
        )
        before[version.id] = version


def _leads_to(field: Any, row: Model) -> bool:
    return isinstance(field, ForeignKey) and isinstance(row, field.related_model)


def _differences(part: Any, old: Any, new: Any) -> tuple[tuple[str | Promise, Any, Any], ...]:
    if old is None:
        return ()
    pairs = [
        (field.verbose_name, getattr(old, field.attname), getattr(new, field.attname))
        for field in _told(part)
    ]
    return tuple(pair for pair in pairs if pair[1] != pair[2])


def _told(part: Any) -> list[Any]:
    return list(part.history.model.tracked_fields)
