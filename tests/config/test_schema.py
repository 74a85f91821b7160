"""What the migrations leave in the database, beside what the models say is there."""

import pytest
from django.apps import apps
from django.db import connection

pytestmark = pytest.mark.django_db

OURS = [model for model in apps.get_models() if model.__module__.startswith("aftercare.")]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_constraint_and_index_of_the_models_is_in_the_database(model):
    meta = model._meta
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, meta.db_table)

    declared = {named.name for named in [*meta.constraints, *meta.indexes]}

    assert declared <= found.keys()


def test_there_are_models_to_look_at():
    assert OURS
