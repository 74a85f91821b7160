"""Model instances of values just read, for what reads thousands a second.

Django's own way sets each field by name, asks each whether it is deferred and sends two signals: several
times the work. Nothing of ours listens to those signals.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.db.models.base import ModelState

Row = TypeVar("Row", bound=Model)


def instance(model: type[Row], columns: Iterable[str], values: Iterable[Any]) -> Row:
    """As ``from_db`` makes it: a field that is not among ``columns`` is read when it is asked for.

    Takes from ``values`` no more than there are columns.
    """
    made = model.__new__(model)
    vars(made).update(zip(columns, values))  # noqa: B905 - one iterator may hold the values of several
    made._state = ModelState()
    made._state.adding, made._state.db = False, DEFAULT_DB_ALIAS
    return made


def new(model: type[Row], **values: Any) -> Row:
    """A row that is not stored yet, of values by column; the others have their defaults, but for those that
    are reckoned for each row, such as a random key."""
    made = model.__new__(model)
    vars(made).update(_defaults(model), **values)
    made._state = ModelState()
    return made


@cache
def _defaults(model: type[Model]) -> Mapping[str, Any]:
    fields = model._meta.concrete_fields
    return {
        each.attname: each.get_default()
        for each in fields
        if not (each.has_default() and callable(each.default))
    }


def refer(row: Model, **rows: Model) -> None:
    """Lets each named foreign key answer with this row, which has the id that the key holds."""
    row._state.fields_cache.update(rows)


def prefetched(row: Model, name: str) -> Iterable[Any]:
    """What ``row.<name>.all()`` gives, without a manager made for it where it was read along."""
    found = vars(row).get("_prefetched_objects_cache", {}).get(name)
    return getattr(row, name).all() if found is None else found
