"""The page of a completed session: what it promised, and how it is undone, voided and corrected."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.outbox.models import Status, Why
from aftercare.treatments.models import SessionState
from tests import factories
from tests.console.treatments.pages import completed, page

pytestmark = pytest.mark.django_db


def test_page_of_a_completed_session_shows_its_messages_in_the_patients_zone(client, staff, clinic):
    patient = factories.patient(clinic, time_zone="Europe/Madrid")
    session = completed(clinic, patient=patient)

    html = client.get(page(session)).content.decode()

    assert "Sat 28 Mar, 17:32 Madrid time" in html
    assert (
        reverse("admin:outbox_scheduledmessage_change", args=[session.scheduled_messages.first().pk]) in html
    )
    assert "Undo completion" in html


def test_completion_is_undone_within_its_time(client, staff, clinic):
    session = completed(clinic)

    client.post(page(session, "undo"))

    session.refresh_from_db()
    assert session.state == SessionState.DRAFT
    assert {row.why for row in session.scheduled_messages.all()} == {Why.SESSION_REOPENED}


def test_completion_is_not_undone_when_its_time_is_over(client, staff, clinic, clock):
    session = completed(clinic)
    clock.shift(timedelta(minutes=4))

    html = client.get(page(session)).content.decode()
    client.post(page(session, "undo"))

    session.refresh_from_db()
    assert "Undo completion" not in html
    assert session.state == SessionState.COMPLETED


def test_voiding_shows_what_stops_and_needs_a_reason(client, staff, clinic):
    session = completed(clinic)

    asked = client.get(page(session, "void"))
    refused = client.post(page(session, "void"), {"reason": " "})

    session.refresh_from_db()
    assert [line.name for line in asked.context["stops"]] == ["First night", "The day after"]
    assert "Give the reason" in refused.content.decode()
    assert session.state == SessionState.COMPLETED


def test_voiding_cancels_what_has_not_left(client, staff, clinic):
    session = completed(clinic)

    client.post(page(session, "void"), {"reason": "Wrong patient."})

    session.refresh_from_db()
    assert (session.state, session.void_reason) == (SessionState.VOIDED, "Wrong patient.")
    assert {row.status for row in session.scheduled_messages.all()} == {Status.CANCELLED}


@pytest.mark.parametrize("name", ["undo", "void", "correct"])
def test_viewer_only_reads_a_completed_session(name, client, clinic):
    session = completed(clinic)
    client.force_login(factories.user(clinic, Role.VIEWER))

    read, act = client.get(page(session)), client.post(page(session, name), {"reason": "No."})

    session.refresh_from_db()
    assert (read.status_code, act.status_code) == (200, 403)
    assert session.state == SessionState.COMPLETED
    assert "Void session" not in read.content.decode()


@pytest.fixture
def correction(posted, clinic):
    """A completed session and its page with an end twenty minutes earlier."""
    session = completed(clinic)
    posted |= {"areas-INITIAL_FORMS": "1", "areas-0-id": session.areas.get().pk, "products-TOTAL_FORMS": "0"}
    posted |= {"practitioner": session.practitioner_id, "ended_at": "2026-03-28T15:12"}
    return session, {name: value for name, value in posted.items() if name not in ("patient", "protocol")}


def test_correction_shows_what_it_changes_before_it_is_saved(client, staff, correction):
    session, data = correction
    before = list(session.scheduled_messages.values_list("send_at", flat=True))

    answer = client.post(page(session, "correct"), {**data, "_save": "1"})

    html = answer.content.decode()
    session.refresh_from_db()
    assert "Look at the plan, then save again" in html
    assert "<s>Sat 28 Mar, 16:32 London time</s>" in html
    assert list(session.scheduled_messages.values_list("send_at", flat=True)) == before


def test_correction_moves_messages_once_its_plan_was_seen(client, staff, correction):
    session, data = correction
    seen = client.post(page(session, "correct"), {**data, "_save": "1"}).context["plan"].digest

    answer = client.post(page(session, "correct"), {**data, "_save": "1", "plan_seen": seen})

    session.refresh_from_db()
    first = session.scheduled_messages.order_by("send_at").first()
    assert answer["Location"] == page(session)
    assert session.ended_at == datetime(2026, 3, 28, 15, 12, tzinfo=UTC)
    assert first.send_at == datetime(2026, 3, 28, 16, 12, tzinfo=UTC)


def test_correction_that_moves_nothing_is_saved_at_once(client, staff, correction):
    session, data = correction
    local = session.ended_at.astimezone(ZoneInfo("Europe/London"))

    client.post(
        page(session, "correct"),
        {**data, "ended_at": f"{local:%Y-%m-%dT%H:%M}", "notes": "Calm.", "_save": "1"},
    )

    session.refresh_from_db()
    assert session.notes == "Calm."


def test_patient_of_a_completed_session_stays(client, staff, clinic, correction):
    session, data = correction
    other = factories.patient(clinic)
    seen = client.post(page(session, "correct"), {**data, "_save": "1"}).context["plan"].digest

    client.post(page(session, "correct"), {**data, "patient": other.pk, "_save": "1", "plan_seen": seen})

    session.refresh_from_db()
    assert session.patient != other
