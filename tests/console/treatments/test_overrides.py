"""What a practitioner sets for one session: shown in the plan, kept within the protocol's bounds, stored."""

from datetime import timedelta

import pytest

from aftercare.clinics.models import Role
from aftercare.outbox.planning import complete_session
from aftercare.protocols.models import Protocol, Restriction
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.console.treatments.pages import ADD, NOW, completed, errors_of, page

pytestmark = pytest.mark.django_db
PLAN = "/admin/treatments/treatmentsession/plan/"


@pytest.fixture
def protocol(posted):
    """Heat waits 48 hours at the depth that is posted; the second step may be skipped."""
    protocol = Protocol.objects.get(pk=posted["protocol"])
    Restriction.objects.create(protocol=protocol, topic="heat", hours_light=24, hours_deeper=48)
    protocol.steps.filter(slug="day-1").update(may_be_skipped=True)
    return protocol


@pytest.fixture
def clinician(client, clinic):
    client.force_login(factories.user(clinic, Role.CLINICIAN))


@pytest.fixture
def skippable(protocol):
    return str(protocol.steps.get(slug="day-1").pk)


def test_longer_wait_and_skipped_step_are_stored_and_the_step_is_not_sent(
    client, clinician, posted, skippable
):
    client.post(ADD, {**posted, "wait_heat": "72", "skip": skippable, "_complete": "1"})

    session = TreatmentSession.objects.get()
    assert (session.waits, session.skipped_steps) == ({"heat": 72}, ["day-1"])
    row = session.scheduled_messages.get(step__slug="day-1")
    assert (row.status, row.why) == ("cancelled", "step_skipped")


def test_staff_neither_set_a_wait_nor_skip_a_step_by_a_made_up_form(client, staff, posted, skippable):
    client.post(ADD, {**posted, "wait_heat": "72", "skip": skippable, "_complete": "1"})

    session = TreatmentSession.objects.get()
    assert (session.waits, session.skipped_steps) == ({}, [])


def test_what_a_practitioner_set_stays_when_staff_save_the_session(client, staff, posted, skippable, clinic):
    client.force_login(factories.user(clinic, Role.CLINICIAN))
    client.post(ADD, {**posted, "wait_heat": "72", "skip": skippable, "_save": "1"})
    session = TreatmentSession.objects.get()
    client.force_login(staff)
    kept = {"areas-TOTAL_FORMS": "0", "products-TOTAL_FORMS": "0", "notes": "Calm."}

    client.post(page(session), {**posted, **kept, "_save": "1"})

    session.refresh_from_db()
    assert (session.waits, session.skipped_steps, session.notes) == ({"heat": 72}, ["day-1"], "Calm.")


def test_staff_read_what_is_set_and_who_may_change_it(client, staff, clinic, protocol):
    session = completed(clinic, protocol=protocol, waits={"heat": 60})

    html = client.get(page(session, "correct")).content.decode()

    assert "Only a clinician or an owner changes these" in html
    assert 'name="wait_heat" value="60" disabled' in html


def test_page_of_the_session_tells_what_was_set(client, clinician, posted, skippable):
    client.post(ADD, {**posted, "wait_heat": "72", "skip": skippable, "_complete": "1"})

    html = client.get(page(TreatmentSession.objects.get())).content.decode()

    assert "Heat and sauna: 72 h" in html
    assert "Skipped: 2. The day after" in html


def test_form_says_what_the_protocol_waits_and_what_may_be_set(client, clinician, protocol):
    html = client.get(ADD).content.decode()

    assert "up to 0.5 mm: 24 h; 24 to 672 h may be set · deeper: 48 h; 48 to 672 h may be set" in html


@pytest.mark.parametrize("hours", ["47", "9000"])
def test_wait_beyond_the_protocols_bounds_is_refused_with_them(client, clinician, posted, protocol, hours):
    answer = client.post(ADD, {**posted, "wait_heat": hours, "_complete": "1"})

    assert "the protocol allows 48 to 672 hours" in errors_of(answer)["waits"]
    assert "the protocol allows 48 to 672 hours" in answer.content.decode()
    assert not TreatmentSession.objects.exists()


def test_safety_critical_step_cannot_be_skipped_by_a_made_up_form(client, clinician, posted, protocol):
    first = protocol.steps.get(slug="first-night").pk

    answer = client.post(ADD, {**posted, "skip": str(first), "_complete": "1"})

    assert "skip" in errors_of(answer)
    assert not TreatmentSession.objects.exists()


def test_step_of_another_protocol_is_not_skipped(client, clinician, clinic, posted, protocol):
    other = factories.protocol(clinic)
    other.steps.update(safety_critical=False)
    other.steps.update(may_be_skipped=True)

    client.post(ADD, {**posted, "skip": str(other.steps.last().pk), "_complete": "1"})

    assert TreatmentSession.objects.get().skipped_steps == []


def test_plan_shows_from_when_the_patient_may_what_as_the_form_changes(client, clinician, posted, protocol):
    before = client.post(PLAN, posted).content.decode()
    after = client.post(PLAN, {**posted, "wait_heat": "72"}).content.decode()

    assert "from Mon 30 Mar, 16:30" in before
    assert "from Wed 1 Apr" in after
    assert "72 h, set for this session; the protocol says 48 h" in after


def test_plan_shows_that_a_step_is_skipped(client, clinician, posted, skippable):
    html = client.post(PLAN, {**posted, "skip": skippable}).content.decode()

    assert "Skipped for this session by the practitioner" in html


def test_plan_shows_the_strictest_of_the_days_treatments(client, clinician, clinic, posted, protocol):
    longer = factories.protocol(clinic)
    Restriction.objects.create(protocol=longer, topic="heat", hours_light=96, hours_deeper=96)
    patient = clinic.patients.get(pk=posted["patient"])
    completed(clinic, patient=patient, protocol=longer)

    html = client.post(PLAN, posted).content.decode()

    assert "the strictest of the day" in html
    assert "from Thu 2 Apr" in html


def test_correcting_a_wait_is_stored_and_stays_on_the_form(client, clinician, clinic, posted, protocol):
    session = completed(clinic, protocol=protocol, waits={"heat": 60})

    html = client.get(page(session, "correct")).content.decode()

    assert 'name="wait_heat" value="60"' in html


def test_voiding_shows_which_messages_of_an_earlier_session_go_after_all(client, clinician, clinic):
    earlier = completed(clinic)
    same = {"patient": earlier.patient, "protocol": earlier.protocol}
    later = factories.treatment_session(clinic, ended_at=NOW - timedelta(minutes=10), **same)
    complete_session(later, by=None, now=NOW)

    asked = client.get(page(later, "void"))

    assert [line.name for line in asked.context["starts"]] == ["First night", "The day after"]
    assert "will be sent after all" in asked.content.decode()


def test_protocols_page_sets_what_a_newer_session_does_and_how_far_one_may_depart(client, clinic, protocol):
    client.force_login(factories.user(clinic, Role.OWNER))

    html = client.get(f"/admin/protocols/protocol/{protocol.pk}/change/").content.decode()

    for name in ("steps-1-newer_session", "steps-1-may_be_skipped", "restrictions-0-least_hours"):
        assert f'name="{name}"' in html
