"""A session is recorded by posting its page: a draft, complete, or refused with a cure beside the field."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse

from aftercare.clinics.models import Membership, Role
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.planning import complete_session
from aftercare.protocols.models import Variant
from aftercare.treatments.models import SessionState, TreatmentSession
from aftercare.treatments.screening import QUESTIONS, all_clear
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
ADD = "/admin/treatments/treatmentsession/add/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def staff(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    client.force_login(user)
    return user


@pytest.fixture
def posted(clinic):
    """The page of a session that ended half an hour ago, as the browser posts it."""
    return {
        "clinic": clinic.pk,
        "patient": factories.patient(clinic).pk,
        "practitioner": factories.practitioner(clinic).pk,
        "protocol": factories.protocol(clinic).pk,
        "variant": "standard",
        "ended_at": "2026-03-28T15:30",
        "treatment_consent": "on",
        "areas-TOTAL_FORMS": "1",
        "areas-INITIAL_FORMS": "0",
        "areas-0-site": "face",
        "areas-0-depth_mm": "0.8",
        "areas-0-passes": "3",
        "products-TOTAL_FORMS": "1",
        "products-INITIAL_FORMS": "0",
        "products-0-name": "Calm Gel",
        "products-0-lot": "L1",
        **{f"screening_{code}": answer for code, answer in all_clear("standard").items()},
    }


def errors_of(answer):
    return {name: " ".join(texts) for name, texts in answer.context["adminform"].form.errors.items()}


def page(session, name="change"):
    return reverse(f"admin:treatments_treatmentsession_{name}", args=[session.pk])


def completed(clinic, **over):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(minutes=30), **over)
    complete_session(session, by=None, now=NOW)
    return session


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


BAD = [
    ("ended_at", {"ended_at": "2026-03-28T18:30"}, "cannot end in the future"),
    ("ended_at", {"ended_at": "yesterday"}, "Enter a date and a time"),
    ("ended_at", {"ended_at": "2026-02-30T10:00"}, "Enter a date and a time"),
    ("ended_at", {"ended_at": "1926-03-28T10:00"}, "before the year 2000"),
    (
        "ended_at",
        {"ended_at": "2025-03-30T01:30"},
        "did not exist in London time. Enter Sun 30 Mar, 02:00 or later",
    ),
    ("patient", {"patient": ""}, "required"),
    ("patient", {"patient": "no-such"}, "required"),
    ("patient", {"patient": "987654321"}, "Choose one of"),
    ("treatment_consent", {"treatment_consent": None}, "when the patient has signed"),
    ("areas", {"areas-0-depth_mm": ""}, "at least one treated area"),
    ("recovery_note", {"areas-0-depth_mm": "2.0"}, "No standard text exists above 1.5 mm"),
    ("screening", {"screening_keloid": None}, "Answer yes, no or unknown: Keloid"),
    ("override_by", {"screening_keloid": "yes"}, "licensed practitioner must override"),
    ("override_by", {"screening_keloid": "unknown"}, "licensed practitioner must override"),
    ("cartridge_expires_on", {"cartridge_expires_on": "2026-03-27"}, "had expired"),
    ("next_visit_on", {"next_visit_on": "2026-03-20"}, "must come after the treatment"),
    ("protocol", {"variant": "rf"}, "not written for this variant"),
]


@pytest.mark.parametrize(("field", "change", "text"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_is_answered_beside_its_field_and_nothing_is_stored(
    field, change, text, client, staff, posted
):
    data = {name: value for name, value in {**posted, **change}.items() if value is not None}

    answer = client.post(ADD, {**data, "_complete": "1"})

    assert text in errors_of(answer)[field]
    assert text.split(":")[0] in answer.content.decode().replace("&#x27;", "'")
    assert not TreatmentSession.objects.exists()


def test_end_in_the_future_is_refused_for_a_draft_as_well(client, staff, posted):
    answer = client.post(ADD, {**posted, "ended_at": "2026-03-28T18:30", "_save": "1"})

    assert "cannot end in the future" in errors_of(answer)["ended_at"]
    assert not TreatmentSession.objects.exists()


def test_impossible_depth_is_answered_beside_it(client, staff, posted):
    answer = client.post(ADD, {**posted, "areas-0-depth_mm": "9", "_complete": "1"})

    assert "3.5" in str(answer.context["inline_admin_formsets"][0].formset.errors)
    assert not TreatmentSession.objects.exists()


def test_hour_that_comes_twice_is_taken_as_the_first(client, staff, posted):
    client.post(ADD, {**posted, "ended_at": "2025-10-26T01:30", "_save": "1"})

    assert TreatmentSession.objects.get().ended_at == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", ["patient", "practitioner", "protocol", "clinic"])
def test_another_clinics_row_is_refused(name, client, staff, posted):
    other = factories.clinic()
    rows = {
        "clinic": other,
        "patient": factories.patient(other),
        "practitioner": factories.practitioner(other),
        "protocol": factories.protocol(other),
    }

    answer = client.post(ADD, {**posted, name: rows[name].pk, "_complete": "1"})

    assert name in errors_of(answer)
    assert not TreatmentSession.objects.exists()


@pytest.mark.parametrize("name", ["patient", "practitioner", "protocol"])
def test_rows_of_two_clinics_are_not_tied_together_by_a_member_of_both(name, client, staff, posted):
    other = factories.clinic()
    Membership.objects.create(user=staff, clinic=other, role=Role.STAFF)
    rows = {
        "patient": factories.patient(other),
        "practitioner": factories.practitioner(other),
        "protocol": factories.protocol(other),
    }

    answer = client.post(ADD, {**posted, name: rows[name].pk, "_complete": "1"})

    assert name in errors_of(answer)
    assert not TreatmentSession.objects.exists()


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


def test_staff_cannot_override_a_stop_in_a_clinicians_name(client, staff, clinic, posted):
    licensed = factories.practitioner(clinic)
    override = {
        "screening_keloid": "yes",
        "override_by": licensed.pk,
        "override_reason": "Old scar elsewhere.",
    }

    answer = client.post(ADD, {**posted, **override, "_complete": "1"})

    assert "override_by" in errors_of(answer)
    assert not TreatmentSession.objects.exists()


def test_clinician_overrides_a_stop_in_their_own_name_with_a_reason(client, clinic, posted):
    user = factories.user(clinic, Role.CLINICIAN)
    me = factories.practitioner(clinic, user=user)
    client.force_login(user)
    override = {"screening_keloid": "yes", "override_by": me.pk, "override_reason": "Old scar elsewhere."}

    client.post(ADD, {**posted, **override, "_complete": "1"})

    session = TreatmentSession.objects.get()
    assert (session.state, session.override_by) == (SessionState.COMPLETED, me)


def test_override_without_a_reason_is_refused(client, clinic, posted):
    user = factories.user(clinic, Role.CLINICIAN)
    me = factories.practitioner(clinic, user=user)
    client.force_login(user)

    answer = client.post(ADD, {**posted, "screening_keloid": "yes", "override_by": me.pk, "_complete": "1"})

    assert "Give the reason" in errors_of(answer)["override_reason"]


def test_page_asks_every_question_once_and_hides_those_of_other_variants(client, staff):
    rows = list(client.get(ADD).context["adminform"].form.screening_rows())

    assert len(rows) == len({question.code for question in QUESTIONS})
    assert {row.field.name for row in rows if not row.asked_now} == {
        "screening_platelets",
        "screening_implanted_device",
        "screening_metal_implant",
    }


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


def test_draft_is_deleted_and_a_completed_session_never(client, staff, clinic):
    draft, done = factories.treatment_session(clinic), completed(clinic)

    client.post(page(draft, "delete"), {"post": "yes"})
    refused = client.post(page(done, "delete"), {"post": "yes"})

    assert refused.status_code == 403
    assert list(TreatmentSession.objects.all()) == [done]
