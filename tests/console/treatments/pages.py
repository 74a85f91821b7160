"""The pages of sessions, for the tests of them."""

from datetime import UTC, datetime, timedelta

from django.urls import reverse

from aftercare.outbox.planning import complete_session
from tests import factories

NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
ADD = "/admin/treatments/treatmentsession/add/"


def errors_of(answer):
    return {name: " ".join(texts) for name, texts in answer.context["adminform"].form.errors.items()}


def page(session, name="change"):
    return reverse(f"admin:treatments_treatmentsession_{name}", args=[session.pk])


def completed(clinic, **over):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(minutes=30), **over)
    complete_session(session, by=None, now=NOW)
    return session
