"""What is wrong with a session is said beside its field, and nothing is stored."""

import pytest

from aftercare.clinics.models import Membership, Role
from aftercare.treatments.models import SessionState, TreatmentSession
from tests import factories
from tests.console.treatments.pages import ADD, errors_of

pytestmark = pytest.mark.django_db


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
    ("override_by", {"screening_keloid": "yes"}, "licence number is confirmed must override"),
    ("override_by", {"screening_keloid": "unknown"}, "licence number is confirmed must override"),
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


def test_owner_whose_own_licence_nobody_confirmed_overrides_nothing_and_is_told_how(client, clinic, posted):
    user = factories.user(clinic, Role.OWNER)
    me = factories.practitioner(clinic, user=user, licence_number="GMC-1", licence_confirmed_at=None)
    client.force_login(user)
    override = {"screening_keloid": "yes", "override_by": me.pk, "override_reason": "Old scar elsewhere."}

    answer = client.post(ADD, {**posted, **override, "_complete": "1"})

    assert "override_by" in errors_of(answer)
    assert "an owner's own is confirmed by another owner" in answer.content.decode()
    assert not TreatmentSession.objects.exists()


def test_override_without_a_reason_is_refused(client, clinic, posted):
    user = factories.user(clinic, Role.CLINICIAN)
    me = factories.practitioner(clinic, user=user)
    client.force_login(user)

    answer = client.post(ADD, {**posted, "screening_keloid": "yes", "override_by": me.pk, "_complete": "1"})

    assert "Give the reason" in errors_of(answer)["override_reason"]


@pytest.mark.parametrize(
    ("part", "change"),
    [("areas", {"areas-0-depth_mm": ""}), ("screening", {"screening_keloid": None})],
)
def test_refused_part_of_the_page_is_led_to_from_the_top(part, change, client, staff, posted):
    given = {name: value for name, value in {**posted, **change}.items() if value is not None}

    html = client.post(ADD, {**given, "_complete": "1"}).content.decode()

    assert f'<a href="#{part}">' in html
    assert f'id="{part}"' in html


def test_session_that_only_shows_its_plan_is_not_told_to_correct_an_error(client, staff, posted):
    html = client.post(ADD, {**posted, "_plan": "1"}).content.decode()

    assert "This is the plan as it stands." in html
    assert "Please correct the error" not in html
