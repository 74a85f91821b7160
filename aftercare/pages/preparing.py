"""Statements that PostgreSQL plans once a connection instead of once a page."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

USES_BEFORE = 5
"""After so many uses of a statement its plan is kept (what psycopg does by itself, and Django turns off)."""


@contextmanager
def prepared_statements() -> Iterator[None]:
    """Within it, statements that come again and again are parsed and planned once for this connection.

    For pages with few and always the same statements, each by a key: an answer costs the database half as
    much. Not for the whole site: lists group by expressions with parameters, which such statements cannot,
    and a claim needs a plan for the figures of the moment. Where the database is no PostgreSQL, it changes
    nothing.
    """
    if connection.vendor != "postgresql":
        yield
        return
    from django.db.backends.postgresql.base import ServerBindingCursor  # needs psycopg

    connection.ensure_connection()
    link = connection.connection
    before = link.cursor_factory, link.prepare_threshold
    link.cursor_factory, link.prepare_threshold = ServerBindingCursor, USES_BEFORE
    try:
        yield
    finally:
        link.cursor_factory, link.prepare_threshold = before
