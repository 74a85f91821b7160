"""A session is started as last time: what was done the same way again is filled in, and nothing else."""

from datetime import timedelta
from decimal import Decimal

import pytest

from aftercare.clinics.models import Membership, Patient, Role
from aftercare.treatments.models import ProductApplied, SessionState, TreatedArea, TreatmentSession
from tests import factories
from tests.console.treatments.pages import ADD, NOW, completed

pytestmark = pytest.mark.django_db
STARTS = "/admin/treatments/treatmentsession/starts/"
TYPED = {
    "variant": "standard",
    "ended_at": "2026-03-28T15:12",
    "notes": "Typed before.",
    "screening_keloid": "yes",
    "areas-TOTAL_FORMS": "1",
    "areas-INITIAL_FORMS": "0",
    "areas-0-site": "face",
    "areas-0-depth_mm": "",
    "areas-0-passes": "1",
    "products-TOTAL_FORMS": "1",
    "products-INITIAL_FORMS": "0",
    "products-0-name": "Calm Gel",
    "products-0-lot": "TODAY-1",
}


@pytest.fixture
def last(clinic):
    """The patient's last session: neck as well as face, a product for home, screening with a yes."""
    session = completed(clinic, device="Pen 3", cartridge_lot="OLD-1", notes="Old.", fitzpatrick=4)
    TreatedArea.objects.create(session=session, site="neck", depth_mm=Decimal("0.50"), passes=2)
    ProductApplied.objects.create(session=session, name="Calm Gel", lot="OLD-2", for_home=True)
    return session


def start(client, patient, /, **over):
    answer = client.post(
        ADD, {**TYPED, "clinic": patient.clinic_id, "patient": patient.pk, "_start": "last", **over}
    )
    assert answer.status_code == 200
    return answer


def rows_of(answer, prefix):
    found = [one.formset for one in answer.context["inline_admin_formsets"]]
    return [form.data for formset in found if formset.prefix == prefix for form in formset.forms]


def values(answer, *names):
    form = answer.context["adminform"].form
    return [str(form[name].value() or "") for name in names]


def test_last_time_fills_in_who_with_what_where_and_how_deep(client, staff, last):
    answer = start(client, last.patient)

    named = [str(last.practitioner_id), str(last.protocol_id), "standard", "Pen 3"]
    assert values(answer, "practitioner", "protocol", "variant", "device") == named
    data = rows_of(answer, "areas")[0]
    found = [tuple(data[f"areas-{n}-{name}"] for name in ("site", "depth_mm", "passes")) for n in (0, 1)]
    assert found == [("face", "0.80", "3"), ("neck", "0.50", "2")]
    assert (data["areas-TOTAL_FORMS"], data["products-TOTAL_FORMS"]) == ("2", "1")
    assert (data["products-0-name"], data["products-0-for_home"]) == ("Calm Gel", "on")


def test_last_time_takes_no_screening_consent_lots_times_or_notes(client, staff, last):
    answer = start(client, last.patient)

    kept = values(answer, "ended_at", "notes", "screening_keloid", "screening_diabetes", "cartridge_lot")
    assert kept == ["2026-03-28T15:12", "Typed before.", "yes", "", ""]
    assert values(answer, "fitzpatrick", "treatment_consent") == ["", ""]
    assert rows_of(answer, "products")[0]["products-0-lot"] == "TODAY-1"
    assert "Screening, consent, lots and times are asked anew" in answer.content.decode()


def test_starting_stores_nothing_and_calls_nothing_wrong(client, staff, last):
    answer = start(client, last.patient, ended_at="")

    assert TreatmentSession.objects.count() == 1
    assert answer.context["adminform"].form.errors == {}
    assert "errornote" not in answer.content.decode()


def test_form_that_was_started_is_completed_as_it_stands(client, staff, last, posted):
    data = rows_of(start(client, last.patient), "areas")[0]
    again = {name: data[name] for name in data if name != "_start"}
    screening = {name: value for name, value in posted.items() if name.startswith("screening_")}

    client.post(ADD, {**again, **screening, "treatment_consent": "on", "_complete": "1"})

    made = TreatmentSession.objects.exclude(pk=last.pk).get()
    assert made.state == SessionState.COMPLETED
    assert [str(area) for area in made.areas.all()] == ["Face 0.80 mm", "Neck 0.50 mm"]
    assert [(product.name, product.lot) for product in made.products.all()] == [("Calm Gel", "TODAY-1")]


def test_newest_completed_session_is_the_last_whatever_was_entered_later(client, staff, clinic, last):
    older = factories.treatment_session(
        clinic, patient=last.patient, ended_at=NOW - timedelta(days=30), device="Older pen"
    )
    TreatmentSession.objects.filter(pk=older.pk).update(state=SessionState.COMPLETED, completed_at=NOW)
    factories.treatment_session(clinic, patient=last.patient, ended_at=NOW, device="Draft pen")

    assert values(start(client, last.patient), "device") == ["Pen 3"]


def test_what_is_not_in_use_any_more_is_left_to_choose_and_said(client, staff, last):
    last.protocol.active = last.practitioner.active = False
    last.protocol.save()
    last.practitioner.save()

    answer = start(client, last.patient)

    assert values(answer, "practitioner", "protocol") == ["", ""]
    assert f"choose another: {last.practitioner}, {last.protocol}." in answer.content.decode()


@pytest.mark.parametrize("patient", ["", "abc", "9" * 40])
def test_start_without_a_patient_says_to_choose_one_first(client, staff, last, patient):
    answer = start(client, last.patient, patient=patient)

    assert "Choose the patient first" in answer.content.decode()
    assert values(answer, "device", "notes") == ["", "Typed before."]


def test_patient_without_a_session_has_no_last_time(client, staff, clinic):
    answer = start(client, factories.patient(clinic))

    assert "no completed session here yet" in answer.content.decode()


def test_session_of_another_clinic_is_never_taken_over(client, staff, last):
    other = factories.clinic()
    theirs = completed(other, device="Zanzibar pen")
    asked = {"patient": theirs.patient_id, "clinic": last.clinic_id}

    foreign = start(client, last.patient, **asked).content.decode()
    piece = client.get(STARTS, {"patient": theirs.patient_id, "clinic": other.pk}).content.decode()

    assert "Zanzibar" not in foreign
    assert "Zanzibar" not in piece


def test_clinics_of_a_member_of_both_are_not_mixed(client, staff, clinic, last):
    other = factories.clinic()
    Membership.objects.create(user=staff, clinic=other, role=Role.STAFF)
    theirs = completed(other, device="Zanzibar pen")

    answer = start(client, theirs.patient, clinic=clinic.pk)

    assert "Zanzibar" not in answer.content.decode()


def test_piece_of_the_page_says_what_was_done_last_time(client, staff, last):
    html = client.get(STARTS, {"patient": last.patient_id, "clinic": last.clinic_id}).content.decode()

    assert "As last time (28 Mar 2026)" in html
    assert "Microneedling · Face 0.8 mm × 3, Neck 0.5 mm × 2 · Pen 3 · Calm Gel" in html


def test_viewer_cannot_start_a_session(client, clinic, last):
    client.force_login(factories.user(clinic, Role.VIEWER))

    assert client.get(STARTS, {"patient": last.patient_id}).status_code == 403
    assert client.post(ADD, {"_start": "last", "patient": last.patient_id}).status_code == 403


def test_patients_page_starts_a_session_as_last_time(client, staff, last):
    html = client.get(f"/admin/clinics/patient/{last.patient_id}/change/").content.decode()
    answer = client.post(ADD, {"clinic": last.clinic_id, "patient": last.patient_id, "_start": "last"})

    assert "As last time (28 Mar 2026)" in html
    assert values(answer, "patient", "device") == [str(last.patient_id), "Pen 3"]
    assert values(answer, "ended_at") == ["2026-03-28T16:00"]
    assert Patient.objects.count() == 1
