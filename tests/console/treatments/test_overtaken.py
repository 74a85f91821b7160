"""Two people write in one session: the later one is told, sees what differs, and nobody's words are lost."""

from decimal import Decimal

import pytest

from aftercare.clinics.models import Role
from aftercare.outbox.planning import complete_session
from aftercare.treatments.models import SessionState, TreatmentSession
from tests import factories
from tests.console.treatments.pages import ADD, NOW, page

pytestmark = pytest.mark.django_db
MINE = "Pinpoint bleeding on the chin."


@pytest.fixture
def draft(client, staff, posted):
    client.post(ADD, {**posted, "_save": "1"})
    return TreatmentSession.objects.get()


def opened(client, draft, posted, name="change"):
    """The session's form as a browser has it open."""
    area, product = draft.areas.get(), draft.products.get()
    return {
        **posted,
        "read": client.get(page(draft, name)).context["adminform"].form["read"].value(),
        "areas-INITIAL_FORMS": "1",
        "areas-0-id": area.pk,
        "areas-0-session": draft.pk,
        "products-INITIAL_FORMS": "1",
        "products-0-id": product.pk,
        "products-0-session": draft.pk,
    }


@pytest.fixture
def typed(client, draft, posted):
    return {**opened(client, draft, posted), "notes": MINE, "_save": "1"}


def save_as_colleague(client, clinic, staff, url, form):
    client.force_login(factories.user(clinic, Role.CLINICIAN, first_name="Iris", last_name="Holm"))
    client.post(url, form)
    client.force_login(staff)


@pytest.fixture
def theirs(client, clinic, staff, draft, typed):
    save_as_colleague(client, clinic, staff, page(draft), {**typed, "notes": "Calm skin."})


def stored_otherwise(answer):
    return {each.label.lower(): each.value for each in answer.context["stored"]}


def test_later_of_two_writers_is_told_and_nothing_is_overwritten(client, draft, typed, theirs):
    answer = client.post(page(draft), typed)

    draft.refresh_from_db()
    assert draft.notes == "Calm skin."
    assert "Iris Holm has saved other words in this session" in answer.content.decode()
    assert answer.context["adminform"].form["notes"].value() == MINE
    assert stored_otherwise(answer) == {"notes": "Calm skin."}


def test_later_writer_who_saves_again_replaces_what_they_have_seen(client, draft, typed, theirs):
    answer = client.post(page(draft), typed)

    client.post(page(draft), {**typed, "read": answer.context["adminform"].form["read"].value()})

    draft.refresh_from_db()
    assert draft.notes == MINE
    assert "Calm skin." in draft.history.values_list("notes", flat=True)


def test_area_changed_by_somebody_else_alone_is_not_overwritten(client, clinic, staff, draft, typed):
    save_as_colleague(client, clinic, staff, page(draft), {**typed, "notes": "", "areas-0-depth_mm": "1.2"})

    answer = client.post(page(draft), {**typed, "notes": ""})

    assert draft.areas.get().depth_mm == Decimal("1.20")
    assert "1.2" in stored_otherwise(answer)["treated areas"]


def test_draft_overtaken_while_it_is_completed_promises_nothing(client, draft, typed, theirs):
    client.post(page(draft), {**typed, "_complete": "1"})

    draft.refresh_from_db()
    assert draft.state == SessionState.DRAFT
    assert not draft.scheduled_messages.exists()


def test_double_tap_on_save_is_no_conflict_and_keeps_one_of_each_row(client, draft, typed):
    second = {**typed, "areas-1-site": "neck", "areas-1-depth_mm": "0.5", "areas-1-passes": "2"}
    second["areas-TOTAL_FORMS"] = "2"
    client.post(page(draft), second)

    answer = client.post(page(draft), second)

    assert answer.status_code == 302
    assert list(draft.areas.values_list("site", flat=True)) == ["face", "neck"]


def test_later_of_two_corrections_is_told_and_nothing_is_overwritten(client, clinic, staff, draft, posted):
    complete_session(draft, by=None, now=NOW)
    form = {**opened(client, draft, posted, "correct"), "_save": "1"}
    url = page(draft, "correct")
    save_as_colleague(client, clinic, staff, url, {**form, "notes": "Calm skin."})

    answer = client.post(url, {**form, "notes": MINE})

    draft.refresh_from_db()
    assert draft.notes == "Calm skin."
    assert stored_otherwise(answer) == {"notes": "Calm skin."}
    assert "Save the correction" in answer.content.decode()


def test_form_that_nobody_overtook_is_saved_at_once(client, draft, typed):
    assert client.post(page(draft), typed).status_code == 302

    draft.refresh_from_db()
    assert draft.notes == MINE
