"""What became of the parts of a row – a session's areas, a clinic's members – for the row's own history."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import ForeignKey, Model
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from aftercare.console.history_values import in_words
from aftercare.console.history_words import changed_place

MOST = 100
"""Changes of one kind of part that a page shows, the newest."""
CHANGED = "~"
"""The type of a version that a change left, as the history keeps it."""


@dataclass(frozen=True)
class PartChange:
    """One change: when, by whom, to which part, whether it came, changed or went, and from what to what."""

    at: datetime
    who: Any
    part: str
    did: str
    fields: tuple[tuple[str | Promise, str, str], ...]


def changes_of_parts(row: Model, parts: Iterable[type[Model]]) -> list[PartChange]:
    """The changes of every kind of part that keeps a history, the newest first."""
    found = [change for part in parts if hasattr(part, "history") for change in _changes(row, part)]
    return sorted(found, key=lambda change: change.at, reverse=True)


def _changes(row: Model, part: Any) -> Iterator[PartChange]:
    tie = next(field for field in part._meta.fields if _leads_to(field, row))
    versions = list(part.history.filter(**{tie.name: row.pk}).select_related("history_user")[:MOST])
    before = _of_before(part, versions)
    names = _Names()
    for version in reversed(versions):
        change = _change(part, before.get(version.id), version, names)
        if change is not None:
            yield change
        before[version.id] = version


def _of_before(part: Any, versions: list[Any]) -> dict[Any, Any]:
    """By the part's id, the newest version that is older than those given: what their oldest changed."""
    oldest = {version.id: version for version in versions}
    cut_off = [pk for pk, version in oldest.items() if version.history_type == CHANGED]
    shown = [version.pk for version in versions]
    older = part.history.filter(id__in=cut_off).exclude(pk__in=shown).order_by("history_date", "history_id")
    return {version.id: version for version in older} if cut_off else {}


def _change(part: Any, old: Any, new: Any, names: "_Names") -> PartChange | None:
    """None for a part that was saved as it was, which is no change."""
    fields = _differences(part, old, new, names)
    reason = new.history_change_reason
    if new.history_type == CHANGED and old is not None and not fields and not reason:
        return None
    unknown = _("what it was before was not written down") if new.history_type == CHANGED and not old else ""
    return PartChange(
        at=new.history_date,
        who=new.history_user,
        part=f"{part._meta.verbose_name}: {new.instance}",
        did=": ".join(filter(None, (new.get_history_type_display(), reason, unknown))),
        fields=fields,
    )


def _leads_to(field: Any, row: Model) -> bool:
    return isinstance(field, ForeignKey) and isinstance(row, field.related_model)


def _differences(
    part: Any, old: Any, new: Any, names: "_Names"
) -> tuple[tuple[str | Promise, str, str], ...]:
    if old is None:
        return ()
    pairs = [(field, getattr(old, field.attname), getattr(new, field.attname)) for field in _told(part)]
    return tuple(
        (field.verbose_name, *changed_place(names.of(field, before), names.of(field, after)))
        for field, before, after in pairs
        if before != after
    )


class _Names:
    """What rows that a part points to are called, each read once; one that is gone, by its id."""

    def __init__(self) -> None:
        self._known: dict[tuple[type[Model], Any], Any] = {}

    def of(self, field: Any, value: Any) -> Any:
        if not isinstance(field, ForeignKey) or value is None:
            return in_words(field, value)
        key = (field.related_model, value)
        if key not in self._known:
            self._known[key] = field.related_model._base_manager.filter(pk=value).first() or value
        return self._known[key]


def _told(part: Any) -> list[Any]:
    return list(part.history.model.tracked_fields)
