"""The history of rows: every version of them, with who made it and when. It grows, and is never altered."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from django.db import models
from django.utils import timezone
from simple_history.manager import HistoricalQuerySet, HistoryManager
from simple_history.models import HistoricalRecords

from aftercare.clinics.kept import insert, update

if TYPE_CHECKING:
    from aftercare.clinics.users import User


class HistoryIsKept(Exception):
    """Raised by every attempt to change or delete what was written down once."""


class KeptRows(models.QuerySet):
    """Rows that are added and read."""

    def update(self, **_fields: Any) -> NoReturn:
        raise HistoryIsKept

    def delete(self) -> NoReturn:
        raise HistoryIsKept


class KeptRow(models.Model):
    """A row that is written once."""

    objects: ClassVar[Any] = KeptRows.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Raises HistoryIsKept for a row that is stored already."""
        if not self._state.adding:
            raise HistoryIsKept
        super().save(*args, **options)

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        raise HistoryIsKept


class KeptVersions(KeptRows, HistoricalQuerySet):
    """What a model's ``history`` finds."""


class VersionsManager(HistoryManager):
    """The library derives a class from its manager whenever somebody says ``history``: here, once."""

    @classmethod
    @cache
    def from_queryset(cls, queryset_class: Any, class_name: str | None = None) -> Any:
        return super().from_queryset(queryset_class, class_name)


class History(HistoricalRecords):
    """Keeps every version of a model's rows, append-only."""

    def __init__(self, **options: Any) -> None:
        kinds = {"history_manager": VersionsManager, "historical_queryset": KeptVersions}
        super().__init__(bases=(KeptRow,), **kinds, **options)


def store_new(row: models.Model, *, by: "User | None", now: datetime) -> None:
    """Stores a new row and its first version."""
    insert(row)
    insert(_version(row, "+", by, now))


def store_change(row: models.Model, names: Sequence[str], *, by: "User | None") -> None:
    """Stores these fields of a row that is there, and the version it has become, dated as ``save`` does."""
    update(row, names)
    insert(_version(row, "~", by, timezone.now()))


def keep_one(row: models.Model, *, by: "User | None", now: datetime) -> None:
    """As :func:`keep`, of one row."""
    insert(_version(row, "~", by, now))


def _version(row: Any, kind: str, by: "User | None", now: datetime) -> models.Model:
    version = type(row).history.model
    said = {field.attname: getattr(row, field.attname) for field in version.tracked_fields}
    return version(**said, history_type=kind, history_user=by, history_date=now)


def keep(rows: Collection[models.Model], *, by: "User | None", now: datetime, why: str = "") -> None:
    """Writes down how rows stand after a change that was made in the database itself, past ``save``.

    ``why`` says what was done where the rows themselves do not show it (at most 100 characters).
    """
    for model in {type(row) for row in rows}:
        mine = [row for row in rows if type(row) is model]
        history: Any = model.history  # type: ignore[attr-defined]
        history.bulk_history_create(
            mine, update=True, default_user=by, default_date=now, default_change_reason=why or None
        )
