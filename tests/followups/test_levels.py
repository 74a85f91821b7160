"""Tasks have the level of the answer behind them, and those of before got it from their source."""

from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from aftercare.followups.models import Cause, FollowUpTask
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)


def task(source, cause=Cause.CONCERN):
    clinic = factories.clinic()
    return FollowUpTask.objects.create(
        clinic=clinic,
        patient=factories.patient(clinic),
        cause=cause,
        source=source,
        opened_at=NOW,
        deadline_at=NOW,
    )


@pytest.mark.parametrize(
    ("source", "cause", "level"),
    [
        ("concern:17:e", Cause.CONCERN, "e"),
        ("concern:17:b:2", Cause.CONCERN, "b"),
        ("message:17:bounced", Cause.BOUNCED, "none"),
        ("concern:17:bad", Cause.CONCERN, "none"),
    ],
)
def test_task_of_before_gets_the_level_that_its_source_names(source, cause, level):
    found = task(source, cause)
    import_module("aftercare.followups.migrations.0008_levels_of_concerns").give_levels(apps, None)

    found.refresh_from_db()
    assert found.level == level


def test_level_that_nobody_knows_is_refused():
    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUpTask.objects.filter(pk=task("concern:17:e").pk).update(level="z")


def test_task_that_an_older_release_writes_has_no_level():
    """Its containers run until the new ones have started, and their INSERT does not name the column."""
    names = ("clinic_id", "patient_id", "cause", "detail", "opened_at", "deadline_at", "outcome", "told")
    known = task("concern:17:e")
    columns = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO followups_followuptask (source, {columns}) "
            f"SELECT 'concern:18:e', {columns} FROM followups_followuptask WHERE id = %s",
            [known.pk],
        )

    assert FollowUpTask.objects.get(source="concern:18:e").level == "none"
