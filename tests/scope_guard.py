"""Fails a test in which a page of the console reads or changes rows that nothing ties to the user's clinics.

While a member's request for the console is being served, each query on rows that belong to a clinic must
be tied to one of: the user's clinics, the user, or a row that this request came by in such a way. A number
out of an address ties nothing: a row must first be found among the user's own. ``of_every_clinic()`` says
that a query needs no tie. Superusers see everything and are let be; what a Celery task does for every clinic
is the engine's business. SQL written by hand is not looked at; kept queries (:mod:`aftercare.clinics.kept`)
are.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from celery import current_task
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.db.models.expressions import Col
from django.db.models.lookups import Exact, In, IsNull
from django.db.models.signals import post_save
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler, SQLInsertCompiler
from django.db.models.sql.subqueries import AggregateQuery
from django.db.models.sql.where import OR, NothingNode, WhereNode

from aftercare.clinics.kept import Blank, Kept
from aftercare.clinics.models import Clinic, ClinicScopedQuerySet, Membership, User

#: What the request being served came by: (model, primary key) pairs. None while none is served.
known: ContextVar[set | None] = ContextVar("known", default=None)
read_rows = SQLCompiler.results_iter
run_query = SQLCompiler.execute_sql
insert_rows = SQLInsertCompiler.execute_sql
read_kept = Kept.all
#: What the kept query that is looked at is used with.
given: ContextVar[dict] = ContextVar("given")


class UnscopedQuery(AssertionError):
    """A query that would have found another clinic's rows as well."""


class ScopeGuard:
    """Django middleware, the innermost one."""

    def __init__(self, get_response):
        self.get_response = get_response
        install()

    def __call__(self, request):
        user = request.user
        if not request.path.startswith("/admin/") or not user.is_authenticated or user.is_superuser:
            return self.get_response(request)
        with serving(user):
            return self.get_response(request)


@contextmanager
def serving(user):
    """While it lasts, each query must be tied to the user's clinics."""
    clinics = list(Membership.objects.filter(user=user.pk).values_list("clinic_id", flat=True))
    before = known.set({(User, user.pk), *((Clinic, pk) for pk in clinics)})
    try:
        yield
    finally:
        known.reset(before)


def belongs_to_a_clinic(model: type[Model]) -> bool:
    kept = getattr(model, "instance_type", model)  # of the rows of a history
    return isinstance(kept._default_manager.all(), ClinicScopedQuerySet)


def row_named_by(column: object) -> type[Model] | None:
    """The model whose rows the values of the column stand for."""
    if not isinstance(column, Col):
        return None
    field = column.target
    if field.remote_field:
        return field.remote_field.model._meta.concrete_model
    of_history = getattr(field.model, "instance_type", None)
    if of_history and field.attname == of_history._meta.pk.attname:
        return of_history
    return field.model._meta.concrete_model if field.primary_key else None


def ties(condition: object, rows: set) -> bool:
    """Whether the condition leaves only rows that hang on what is known."""
    if isinstance(condition, NothingNode):
        return True
    if isinstance(condition, WhereNode):
        tied = [ties(child, rows) for child in condition.children]
        return not condition.negated and bool(tied) and (all if condition.connector == OR else any)(tied)
    if not isinstance(condition, (Exact, In, IsNull)):
        return False
    model, wanted = row_named_by(condition.lhs), condition.rhs
    if isinstance(condition, IsNull):
        return model is not None and wanted and not condition.lhs.target.null  # no such row
    if isinstance(wanted, Query):
        return is_tied(wanted, rows)
    if isinstance(wanted, Blank):
        wanted = given.get()[wanted.name]
    values = wanted if isinstance(condition, In) and isinstance(wanted, Iterable) else [wanted]
    return model is not None and all((model, value) in rows for value in values)


def is_tied(query: Query, rows: set) -> bool:
    if isinstance(query, AggregateQuery):
        return is_tied(query.inner_query, rows)
    if query.combined_queries:
        return all(is_tied(one, rows) for one in query.combined_queries)
    return query.is_empty() or hasattr(query, "of_every_clinic") or ties(query.where, rows)


def is_guarded(query: Query) -> bool:
    if known.get() is None or current_task:
        return False
    model = getattr(query, "inner_query", query).model  # none where a constraint is tried on values alone
    return model is not None and belongs_to_a_clinic(model)


def guarded_query(self, *args, **kwargs):
    if is_guarded(self.query) and not is_tied(self.query, known.get()):
        raise UnscopedQuery(f"Nothing ties this to the user's clinics: {self.query}")
    return run_query(self, *args, **kwargs)


def guarded_rows(self, *args, **kwargs) -> Iterator:
    rows = read_rows(self, *args, **kwargs)
    if not is_guarded(self.query):
        return rows
    named = naming(self)
    return (remember(row, named) for row in rows)


def guarded_kept(self, **values):
    rows = self._make()
    if not is_guarded(rows.query):
        return read_kept(self, **values)
    before = given.set(values)
    try:
        if not is_tied(rows.query, known.get()):
            raise UnscopedQuery(f"Nothing ties this to the user's clinics: {rows.model} of {values}")
    finally:
        given.reset(before)
    found = read_kept(self, **values)
    compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    compiler.pre_sql_setup()
    for row in found:
        if isinstance(row, Model):
            remember_with_joined(row)
        else:
            remember(row, naming(compiler))
    return found


def naming(compiler: SQLCompiler) -> list[tuple[int, type[Model]]]:
    """The places in a row of what names rows, and of which model."""
    columns = [(n, row_named_by(one[0])) for n, one in enumerate(compiler.select[: compiler.col_count])]
    return [(n, model) for n, model in columns if model]


def remember_with_joined(row):
    known.get().add((row._meta.concrete_model, row.pk))
    for field in row._meta.concrete_fields:
        if field.remote_field and field.attname in vars(row):
            known.get().add((field.remote_field.model._meta.concrete_model, vars(row)[field.attname]))
            if field.is_cached(row) and (joined := field.get_cached_value(row)):
                remember_with_joined(joined)


def remember(row, named):
    known.get().update((model, row[n]) for n, model in named)
    return row


def guarded_insert(self, *args, **kwargs):
    made = insert_rows(self, *args, **kwargs)
    if known.get() is not None:
        known.get().update((self.query.model, one.pk) for one in self.query.objs if one.pk)
    return made


def remember_saved(sender, instance, **_kwargs):
    if known.get() is not None:
        known.get().add((sender._meta.concrete_model, instance.pk))


def install() -> None:
    SQLCompiler.execute_sql = guarded_query  # type: ignore[method-assign]
    SQLCompiler.results_iter = guarded_rows  # type: ignore[method-assign]
    SQLInsertCompiler.execute_sql = guarded_insert  # type: ignore[method-assign]
    Kept.all = guarded_kept  # type: ignore[method-assign]
    post_save.connect(remember_saved, dispatch_uid="scope guard")
