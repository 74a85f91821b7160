"""A statement that PostgreSQL prepares once a connection, called without a cursor.

Psycopg's cursors look at each value's type and at whether the statement is known, wait in Python and make
rows: several times what is left when a statement with known types runs ten thousand times.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

_NAMED = re.compile(r"%\((\w+)\)s")
_known: WeakKeyDictionary[psycopg.Connection[Any], set[bytes]] = WeakKeyDictionary()
"""By connection, the names of what it has prepared."""

BY_INDEX = b"SET enable_seqscan = off; SET jit = off"
"""A plan made while a table was empty reads all of it for as long as a connection lasts, however it grows.
What has no index then seems so dear that PostgreSQL would compile it, for longer than it runs."""

Write = Callable[[Any], bytes]
WRITE: Mapping[str, Write] = {
    "timestamptz": lambda value: datetime.isoformat(value).encode(),
    "uuid": lambda value: value.hex.encode(),
    "int8": lambda value: b"%d" % value,
    "text": str.encode,
    "jsonb": lambda value: json.dumps(value).encode(),
}
"""A value as PostgreSQL reads it; a text must hold no NUL, which would end it."""


class Prepared:
    """``statement`` names its values as ``%(name)s``; ``types``: of each its type, one that WRITE knows."""

    def __init__(self, name: str, statement: str, types: Mapping[str, str]) -> None:
        self._name = name.encode()
        self._order = tuple(dict.fromkeys(_NAMED.findall(statement)))
        places = {each: f"${number}" for number, each in enumerate(self._order, start=1)}
        self._sql = _NAMED.sub(lambda found: places[found[1]], statement).encode()
        self._types = [types[each] for each in self._order]

    def row(self, values: Mapping[str, Any]) -> tuple[int | None, ...]:
        """Runs it, in the transaction that is open or in one of its own; returns its one row of numbers.

        Raises Django's database errors.
        """
        connection.ensure_connection()
        if connection.in_atomic_block:
            with connection.cursor() as cursor:  # Psycopg begins a transaction no sooner than with a cursor
                cursor.execute("SELECT 1")
        written = [write(values[name]) for name, write in self._writers]
        with connection.wrap_database_errors:
            raw = connection.connection
            if self._name not in _known.setdefault(raw, set()):
                self._prepare(raw)
            result = _checked(raw, raw.pgconn.exec_prepared(self._name, written))
        found = (result.get_value(0, column) for column in range(result.nfields))
        return tuple(None if value is None else int(value) for value in found)

    @cached_property
    def _writers(self) -> list[tuple[str, Write]]:
        return [(name, WRITE[kind]) for name, kind in zip(self._order, self._types, strict=True)]

    def _prepare(self, raw: psycopg.Connection[Any]) -> None:
        if not _known[raw]:
            _checked(raw, raw.pgconn.exec_(BY_INDEX))
        oids = [psycopg.adapters.types[kind].oid for kind in self._types]
        _checked(raw, raw.pgconn.prepare(self._name, self._sql, oids))
        _known[raw].add(self._name)


def _checked(raw: psycopg.Connection[Any], result: PGresult) -> PGresult:
    """The result of what went well; else raises psycopg's error, one that tells of a lost connection."""
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return result
    if raw.pgconn.status == ConnStatus.BAD:
        raise psycopg.OperationalError(result.error_message.decode(errors="replace"))
    raise error_from_result(result)
