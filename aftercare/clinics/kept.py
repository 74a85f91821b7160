"""Statements of which the SQL is written once a process; each use only fills in its values.

Django spends several times longer on writing a statement than PostgreSQL on answering it. For what is asked
anew with every answer of a patient, while many answer at once; elsewhere a plain query set reads better.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import AutoField, BigAutoField, Expression, Field, Model, QuerySet
from django.db.models.query import ModelIterable, get_related_populators
from django.db.transaction import TransactionManagementError

from aftercare.clinics.instances import instance

Row = TypeVar("Row")
_LISTS = re.compile(r"IN \(:\w+:\)")


class Blank(Expression):
    """Stands in a kept query for the value that each use brings by this name: a number, or of that field."""

    def __init__(self, name: str, field: Field | None = None) -> None:
        super().__init__(output_field=field or BigAutoField())
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002 (Django's)
        return "%s", [self]

    def prepared(self, value: Any) -> Any:
        return self.output_field.get_db_prep_value(value, connection)


class Blanks(Blank):
    """Stands after ``__in`` for as many values as each use brings, none included."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002 (Django's)
        return self.mark, [self]

    @property
    def mark(self) -> str:
        return f"(:{self.name}:)"


@dataclass(frozen=True)
class Written(Generic[Row]):
    """A statement, what goes into it, and what makes a row of what comes out of it."""

    sql: str
    places: Sequence[Any]
    locks: bool
    read: Callable[[Sequence[Any]], Row]

    def filled(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The statement with a place for each value, and the values."""
        sql, found = self.sql, []
        for place in self.places:
            if isinstance(place, Blanks):
                several = [place.prepared(one) for one in values[place.name]]
                if place.mark in sql:
                    marks = f"({', '.join(['%s'] * len(several)) or 'NULL'})"
                    sql = sql.replace(place.mark, marks, 1)
                    found += several
                else:
                    found.append(several)
            else:
                found.append(place.prepared(values[place.name]) if isinstance(place, Blank) else place)
        return sql, found


class Kept(Generic[Row]):
    """A query set with :class:`Blank` for its values: of rows (also ``select_related``) or tuples.

    ``make`` makes it at the first use, as models must be there. What depends on a value's being None must not
    stand in it: the same SQL is used for all values; for a list there is :class:`Blanks`.
    """

    def __init__(self, make: Callable[[], QuerySet[Any, Row]]) -> None:
        self._make = make
        self._written: dict[str, Written[Row]] = {}

    def all(self, **values: Any) -> list[Row]:
        """Raises TransactionManagementError for rows to be locked outside a transaction."""
        written = self._written.get(connection.vendor) or self._write()
        if written.locks and connection.get_autocommit():
            raise TransactionManagementError("Rows are locked only within a transaction.")
        with connection.cursor() as cursor:
            cursor.execute(*written.filled(values))
            return [written.read(row) for row in cursor.fetchall()]

    def first(self, **values: Any) -> Row | None:
        return next(iter(self.all(**values)), None)

    def _write(self) -> Written[Row]:
        rows = self._make()
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, places = compiler.as_sql()
        if connection.vendor == "postgresql":  # it takes a list as one value
            sql = _LISTS.sub("= ANY(%s)", sql)
        read = _reader(compiler, is_model=issubclass(rows._iterable_class, ModelIterable))
        written: Written[Row] = Written(sql, places, bool(rows.query.select_for_update), read)
        self._written[connection.vendor] = written
        return written


def _reader(compiler: Any, *, is_model: bool) -> Callable[[Sequence[Any]], Any]:
    """As Django's own iterables make rows of what the database answers, with all that can be made ready."""
    columns = [column for column, _sql, _alias in compiler.select]
    converters = list(compiler.get_converters(columns).items())
    make = _model_maker(compiler) if is_model else tuple

    def read(row: Sequence[Any]) -> Any:
        values = list(row)
        for place, (each, column) in converters:
            for convert in each:
                values[place] = convert(values[place], column, connection)
        return make(values)

    return read


def _model_maker(compiler: Any) -> Callable[[Sequence[Any]], Any]:
    kinds = compiler.klass_info
    model, first, last = kinds["model"], kinds["select_fields"][0], kinds["select_fields"][-1]
    names = [column.target.attname for column, _sql, _alias in compiler.select[first : last + 1]]
    related = get_related_populators(kinds, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def make(values: Sequence[Any]) -> Any:
        made = instance(model, names, values[first : last + 1])
        for one in related:
            one.populate(values, made)
        return made

    return make


def insert(row: Model) -> None:
    """Stores a new row as ``save`` does, but sends no signal: of what has a history,
    :func:`aftercare.clinics.history.store_new` keeps it."""
    sql, fields = _insertion(type(row))
    with connection.cursor() as cursor:
        cursor.execute(sql, [one.get_db_prep_save(one.pre_save(row, True), connection) for one in fields])
        row.pk = cursor.fetchone()[0] if row.pk is None else row.pk
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(row: Model, names: Sequence[str]) -> None:
    """Stores these fields of a row that is there as ``save`` does, but sends no signal."""
    sql, fields = _updating(type(row), tuple(names))
    values = [one.get_db_prep_save(one.pre_save(row, False), connection) for one in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, row.pk])


@lru_cache(maxsize=100)
def _updating(model: type[Model], names: tuple[str, ...]) -> tuple[str, Sequence[Field]]:
    every = {one.name: one for one in model._meta.local_concrete_fields}
    fields = [every[name] for name in names]
    table, key, *columns = _quoted(model, fields)
    places = ", ".join(f"{column} = %s" for column in columns)
    return f"UPDATE {table} SET {places} WHERE {key} = %s", fields  # noqa: S608


@lru_cache(maxsize=100)
def _insertion(model: type[Model]) -> tuple[str, Sequence[Field]]:
    fields = [one for one in model._meta.local_concrete_fields if not isinstance(one, AutoField)]
    table, key, *columns = _quoted(model, fields)
    places = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) RETURNING {key}", fields  # noqa: S608


def _quoted(model: type[Model], fields: Sequence[Field]) -> list[str]:
    """The names of the table, of its key and of the fields' columns."""
    names = (model._meta.db_table, model._meta.pk.column, *(one.column for one in fields))
    return [connection.ops.quote_name(str(name)) for name in names]
