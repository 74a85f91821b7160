"""What was typed into a session's form while somebody else completed, voided or reopened it is never lost."""

from decimal import Decimal

import pytest

from aftercare.clinics.models import Role
from aftercare.console.session_typed import KEPT_AS
from aftercare.outbox.planning import complete_session, reopen_session, void_session
from aftercare.treatments.models import SessionState, TreatmentSession
from tests import factories
from tests.console.treatments.pages import ADD, NOW, errors_of, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague(clinic):
    return factories.user(clinic, Role.CLINICIAN, first_name="Iris", last_name="Holm")


@pytest.fixture
def draft(client, staff, posted):
    client.post(ADD, {**posted, "_save": "1"})
    return TreatmentSession.objects.get()


@pytest.fixture
def typed(draft, posted):
    """The draft's form as a browser has it open, with a note and another depth typed in."""
    area, product = draft.areas.get(), draft.products.get()
    return {
        **posted,
        "notes": "Pinpoint bleeding on the chin.",
        "areas-INITIAL_FORMS": "1",
        "areas-0-id": area.pk,
        "areas-0-session": draft.pk,
        "areas-0-depth_mm": "1.2",
        "products-INITIAL_FORMS": "1",
        "products-0-id": product.pk,
        "products-0-session": draft.pk,
    }


def shown(answer, name):
    return answer.context["adminform"].form[name].value()


def test_draft_completed_meanwhile_comes_again_as_a_correction_with_what_was_typed(
    client, draft, typed, colleague
):
    complete_session(draft, by=colleague, now=NOW)

    answer = client.post(page(draft), {**typed, "_complete": "1"})

    draft.refresh_from_db()
    html = answer.content.decode()
    assert "Iris Holm completed this session while you were writing" in html
    assert shown(answer, "notes") == "Pinpoint bleeding on the chin."
    assert 'value="1.2"' in html
    assert (draft.notes, draft.areas.get().depth_mm) == ("", Decimal("0.8"))
    assert "Save the correction" in html


def test_what_is_stored_otherwise_is_listed(client, draft, typed, colleague):
    TreatmentSession.objects.filter(pk=draft.pk).update(notes="Calm skin.")
    complete_session(draft, by=colleague, now=NOW)

    answer = client.post(page(draft), {**typed, "_complete": "1"})

    stored = {each.label.lower(): each.value for each in answer.context["stored"]}
    assert stored["notes"] == "Calm skin."
    assert "0.8" in stored["treated areas"]


def test_typed_words_are_stored_when_they_are_saved_as_a_correction(client, draft, typed, colleague):
    complete_session(draft, by=colleague, now=NOW)
    again = client.post(page(draft), {**typed, "_complete": "1"})

    client.post(page(draft), {**typed, KEPT_AS: again.context["kept_as"], "_save": "1"})

    draft.refresh_from_db()
    assert (draft.notes, draft.areas.get().depth_mm) == (typed["notes"], Decimal("1.2"))


def test_area_added_by_the_other_is_on_the_form_and_one_taken_out_becomes_new(
    client, draft, typed, colleague
):
    draft.areas.all().delete()
    draft.areas.create(site="neck", depth_mm="0.5", passes=2)
    complete_session(draft, by=colleague, now=NOW)

    answer = client.post(page(draft), {**typed, "_complete": "1"})

    forms = answer.context["inline_admin_formsets"][0].formset.forms
    assert [form["site"].value() for form in forms] == ["neck", "face"]
    assert not any(form.errors.get("id") for form in forms)


def test_double_tap_on_complete_leads_to_the_page_of_the_session(client, draft, typed):
    client.post(page(draft), {**typed, "_complete": "1"})

    answer = client.post(page(draft), {**typed, "_complete": "1"})

    assert answer.context.get("stored", []) == []
    assert "completed or voided this session meanwhile" in answer.content.decode()
    assert "session" in answer.context


def test_draft_voided_meanwhile_comes_again_as_a_new_session(client, draft, typed, colleague):
    complete_session(draft, by=colleague, now=NOW)
    void_session(draft, reason="Wrong patient", by=colleague, now=NOW)

    again = client.post(page(draft), {**typed, "_complete": "1"})
    new = {name: value for name, value in typed.items() if not name.endswith(("-id", "-session"))}
    new |= {"areas-INITIAL_FORMS": "0", "products-INITIAL_FORMS": "0", KEPT_AS: again.context["kept_as"]}
    client.post(page(draft), {**new, "_complete": "1"})

    assert "Iris Holm voided this session while you were writing: “Wrong patient”." in again.content.decode()
    assert TreatmentSession.objects.exclude(pk=draft.pk).get().notes == typed["notes"]


def test_correction_of_a_session_reopened_meanwhile_comes_again_as_a_draft(client, draft, typed, colleague):
    complete_session(draft, by=colleague, now=NOW)
    reopen_session(draft, by=colleague, now=NOW)
    asked = {name: value for name, value in typed.items() if name not in ("patient", "protocol")}

    answer = client.post(page(draft, "correct"), {**asked, "_save": "1"})

    draft.refresh_from_db()
    assert "Iris Holm took the completion back" in answer.content.decode()
    assert shown(answer, "notes") == typed["notes"]
    kept = [str(shown(answer, name)) for name in ("patient", "protocol")]
    assert kept == [str(draft.patient_id), str(draft.protocol_id)]
    assert draft.state == SessionState.DRAFT


def test_treatment_recorded_already_is_refused_beside_its_time_with_all_that_was_typed(client, staff, posted):
    client.post(ADD, {**posted, "_complete": "1"})

    answer = client.post(ADD, {**posted, "notes": "Typed again.", "_complete": "1"})

    assert "recorded already" in errors_of(answer)["ended_at"]
    assert shown(answer, "notes") == "Typed again."
    assert TreatmentSession.objects.count() == 1


def test_reader_of_a_completed_session_is_shown_its_page(client, clinic, draft, typed):
    complete_session(draft, by=None, now=NOW)
    client.force_login(factories.user(clinic, Role.VIEWER))

    answer = client.post(page(draft), {**typed, "_complete": "1"})

    assert "adminform" not in answer.context


def test_draft_deleted_meanwhile_comes_again_with_what_was_typed_and_who_deleted_it(
    client, draft, typed, colleague, staff
):
    client.force_login(colleague)
    client.post(page(draft, "delete"), {"post": "yes"})
    client.force_login(staff)

    answer = client.post(page(draft), {**typed, "_save": "1"})

    assert "Iris Holm deleted this draft on Sat 28 Mar 2026, 16:02" in answer.content.decode()
    assert shown(answer, "notes") == "Pinpoint bleeding on the chin."
    assert not TreatmentSession.objects.exists()


def test_deleted_draft_is_saved_as_a_new_session_when_the_form_is_sent_again(client, draft, typed):
    client.post(page(draft, "delete"), {"post": "yes"})

    client.post(page(draft), {**typed, KEPT_AS: "new", "_complete": "1"})

    anew = TreatmentSession.objects.get()
    assert (anew.state, anew.notes) == (SessionState.COMPLETED, "Pinpoint bleeding on the chin.")
    assert anew.areas.get().depth_mm == Decimal("1.2")
    assert anew.pk != draft.pk


def test_deleted_draft_of_another_clinic_is_not_found(client, draft, typed):
    client.post(page(draft, "delete"), {"post": "yes"})
    client.force_login(factories.user(factories.clinic(), Role.STAFF))

    assert client.post(page(draft), {**typed, "_save": "1"}).status_code == 404
