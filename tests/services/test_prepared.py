"""Statements that PostgreSQL prepares once a connection."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import DataError, OperationalError, connection, transaction

from aftercare.outbox.prepared import Prepared

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
NUMBER = Prepared("test_number", "SELECT %(n)s::bigint + %(n)s, NULL", {"n": "int8"})


@pytest.fixture
def connections():
    """Another connection, which may end this one's."""
    other = connection.copy()
    yield lambda sql: other.cursor().execute(sql)
    other.close()


def test_row_of_numbers_comes_back_and_a_value_may_be_named_twice():
    assert [NUMBER.row({"n": 21}), NUMBER.row({"n": 4})] == [(42, None), (8, None)]


def test_each_type_is_read_as_it_was_written():
    known = {
        "at": datetime(2026, 3, 29, 1, tzinfo=UTC),
        "id": uuid.UUID(int=7),
        "said": 'ñ "’',
        "all": {"ñ": [1]},
    }
    same = Prepared(
        "test_types",
        "SELECT (%(at)s = timestamptz '2026-03-29 03:00+02')::int, (%(id)s::text LIKE '%%0007')::int,"
        " length(%(said)s), (%(all)s -> 'ñ' ->> 0)::int",
        {"at": "timestamptz", "id": "uuid", "said": "text", "all": "jsonb"},
    )

    assert same.row(known) == (1, 1, 4, 1)


def test_refusal_is_one_of_djangos_errors_and_leaves_the_connection_usable():
    divide = Prepared("test_divide", "SELECT 1 / %(n)s::bigint", {"n": "int8"})

    with pytest.raises(DataError, match="division by zero"):
        divide.row({"n": 0})

    assert divide.row({"n": 1}) == (1,)


def test_lost_connection_is_told_as_such_and_the_next_one_prepares_anew(connections):
    NUMBER.row({"n": 1})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    connections(f"SELECT pg_terminate_backend({pid}, 5000)")

    with pytest.raises(OperationalError):
        NUMBER.row({"n": 1})

    connection.close()
    assert NUMBER.row({"n": 1}) == (2, None)


def test_it_belongs_to_the_transaction_around_it():
    made = Prepared(
        "test_made",
        "WITH made AS (INSERT INTO outbox_sendbucket VALUES (%(scope)s, 1, now(), now(), 0) RETURNING 1)"
        " SELECT count(*) FROM made",
        {"scope": "text"},
    )
    with transaction.atomic():
        made.row({"scope": "test"})
        transaction.set_rollback(True)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM outbox_sendbucket")
        assert cursor.fetchone() == (0,)
