"""A session is recorded by posting its page: a draft, or complete."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.clinics.models import Membership, Role
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.protocols.models import Variant
from aftercare.treatments.models import SessionState, TreatmentSession
from aftercare.treatments.screening import QUESTIONS, all_clear
from tests import factories
from tests.console.treatments.pages import ADD, NOW, completed, page

pytestmark = pytest.mark.django_db


def test_add_page_fills_in_what_can_be_known(client, staff, clinic, clock):
    me = factories.practitioner(clinic, user=staff)
    factories.practitioner(clinic)
    only = factories.protocol(clinic)
    factories.protocol(clinic, active=False)

    form = client.get(ADD).context["adminform"].form

    assert form["clinic"].value() == clinic.pk
    assert form["practitioner"].value() == me.pk
    assert form["protocol"].value() == only.pk
    assert form["variant"].value() == Variant.STANDARD
    assert form["ended_at"].value() == datetime(2026, 3, 28, 16, 0, tzinfo=UTC).replace(tzinfo=None)


def test_end_is_offered_on_the_clinics_clock(client):
    clinic = factories.clinic(time_zone="America/Mexico_City")
    client.force_login(factories.user(clinic, Role.STAFF))

    html = client.get(ADD).content.decode()

    assert "2026-03-28T10:00" in html
    assert "Mexico City time" in html


def test_complete_stores_the_session_and_promises_its_messages(client, staff, posted):
    answer = client.post(ADD, {**posted, "_complete": "1"})

    session = TreatmentSession.objects.get()
    assert answer["Location"] == page(session)
    assert session.state == SessionState.COMPLETED
    assert session.created_by == staff
    assert session.ended_at == datetime(2026, 3, 28, 15, 30, tzinfo=UTC)
    assert session.screening == all_clear("standard")
    assert [str(area) for area in session.areas.all()] == ["Face 0.80 mm"]
    assert [product.lot for product in session.products.all()] == ["L1"]
    assert session.scheduled_messages.filter(status=Status.SCHEDULED).count() == 2


def test_end_is_read_on_the_clinics_clock_whatever_the_servers(client, posted, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    clinic = factories.clinic(time_zone="America/Mexico_City")
    client.force_login(factories.user(clinic, Role.STAFF))
    own = {
        "clinic": clinic.pk,
        "patient": factories.patient(clinic).pk,
        "practitioner": factories.practitioner(clinic).pk,
        "protocol": factories.protocol(clinic).pk,
    }

    client.post(ADD, {**posted, **own, "ended_at": "2026-03-28T09:30", "_complete": "1"})

    assert TreatmentSession.objects.get().ended_at == datetime(2026, 3, 28, 15, 30, tzinfo=UTC)


def test_draft_is_saved_without_what_completion_needs(client, staff, posted):
    for name in ("treatment_consent", "areas-0-depth_mm", "screening_keloid"):
        posted.pop(name)
    posted["areas-0-passes"] = "1"

    client.post(ADD, {**posted, "_save": "1"})

    session = TreatmentSession.objects.get()
    assert session.state == SessionState.DRAFT
    assert not ScheduledMessage.objects.exists()


def test_draft_is_completed_later(client, staff, clinic, posted):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(minutes=30))
    area = session.areas.get()
    posted |= {"patient": session.patient_id, "areas-INITIAL_FORMS": "1", "areas-0-id": area.pk}

    client.post(page(session), {**posted, "_complete": "1"})

    session.refresh_from_db()
    assert session.state == SessionState.COMPLETED
    assert session.scheduled_messages.count() == 2


def test_hour_that_comes_twice_is_taken_as_the_first(client, staff, posted):
    client.post(ADD, {**posted, "ended_at": "2025-10-26T01:30", "_save": "1"})

    assert TreatmentSession.objects.get().ended_at == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


def test_member_of_two_clinics_is_asked_for_the_clinic_first(client, staff, clinic):
    other = factories.clinic()
    Membership.objects.create(user=staff, clinic=other, role=Role.STAFF)

    asked = client.get(ADD)
    chosen = client.get(ADD, {"clinic": other.pk})

    assert f"?clinic={other.pk}" in asked.content.decode()
    assert chosen.context["adminform"].form["clinic"].value() == str(other.pk)


def test_clinic_without_protocol_or_practitioner_is_told_what_to_set_up(client, staff):
    html = client.get(ADD).content.decode()

    assert "The clinic has no protocol in use." in html
    assert "The clinic has no active practitioner." in html


def test_page_asks_every_question_once_and_hides_those_of_other_variants(client, staff):
    rows = list(client.get(ADD).context["adminform"].form.screening_rows())

    assert len(rows) == len({question.code for question in QUESTIONS})
    assert {row.field.name for row in rows if not row.asked_now} == {
        "screening_platelets",
        "screening_implanted_device",
        "screening_metal_implant",
    }


def test_draft_is_deleted_and_a_completed_session_never(client, staff, clinic):
    draft, done = factories.treatment_session(clinic), completed(clinic)

    client.post(page(draft, "delete"), {"post": "yes"})
    refused = client.post(page(done, "delete"), {"post": "yes"})

    assert refused.status_code == 403
    assert list(TreatmentSession.objects.all()) == [done]
