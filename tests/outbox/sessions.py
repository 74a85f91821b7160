"""Sessions completed, moved and looked at, for the tests of planning."""

from datetime import UTC, datetime, timedelta

from aftercare.outbox.planning import complete_session
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.factories import ENDED_AT

NOW = ENDED_AT
UNDO = timedelta(minutes=3)
ONE_HOUR = ENDED_AT + timedelta(hours=1)
NEXT_MORNING = datetime(2026, 3, 29, 8, tzinfo=UTC)  # 09:00 in London, where the clocks went forward
COLUMNS = ("pk", "status", "why", "moved_by", "planned_at", "send_at", "latest_at", "due_at", "superseded_by")


def draft(clinic, **over):
    return factories.treatment_session(clinic, **over)


def complete(session, now=NOW, **over):
    return complete_session(session, by=over.pop("by", None), now=now, **over)


def rows_of(session):
    """By the slug of the step."""
    return {row.step.slug: row for row in session.scheduled_messages.select_related("step")}


def snapshot(session):
    return list(session.scheduled_messages.order_by("pk").values_list(*COLUMNS))


def move(session, **over):
    TreatmentSession.objects.filter(pk=session.pk).update(**over)
    session.refresh_from_db()
