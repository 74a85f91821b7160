"""The plan beside a session's form: what is shown for the form as it stands, and to whom."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from aftercare.clinics.models import Patient, Role
from aftercare.followups.models import FollowUpTask
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.planning import complete_session, replan_session
from aftercare.protocols.models import Protocol
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.outbox.sessions import move

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
PLAN = "/admin/treatments/treatmentsession/plan/"


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
    return {
        "clinic": clinic.pk,
        "patient": factories.patient(clinic).pk,
        "protocol": factories.protocol(clinic).pk,
        "variant": "standard",
        "ended_at": "2026-03-28T15:30",
    }


def plan_of(client, data, url=PLAN):
    answer = client.post(url, data)
    assert answer.status_code == 200
    return answer.context["plan"], answer.content.decode()


def test_plan_names_each_message_its_time_and_its_window(client, staff, posted):
    plan, html = plan_of(client, posted)

    assert [(line.name, line.status) for line in plan.lines] == [
        ("First night", "Scheduled"),
        ("The day after", "Scheduled"),
    ]
    assert "Sat 28 Mar, 16:30 London time" in html
    assert "until Sat 28 Mar, 19:30" in html


def test_plan_is_in_the_patients_zone(client, staff, clinic, posted):
    posted["patient"] = factories.patient(clinic, time_zone="America/New_York").pk

    _plan, html = plan_of(client, posted)

    assert "Sat 28 Mar, 12:30 New York time" in html
    assert "Sat 28 Mar 2026, 11:30 New York time" in html


def test_plan_says_that_a_due_message_goes_now_and_why(client, staff, posted):
    plan, html = plan_of(client, {**posted, "ended_at": "2026-03-28T13:30"})

    assert plan.lines[0].status == "Goes now"
    assert "Waits until the time to undo is over." in html


def test_plan_says_what_is_too_late(client, staff, posted):
    plan, _html = plan_of(client, {**posted, "ended_at": "2026-03-27T13:30"})

    assert [line.status for line in plan.lines] == ["Missed: its window passed", "Goes now"]
    assert plan.lines[0].reasons[0] == "The session was entered after the window had passed"


def test_plan_says_what_is_held_without_consent(client, staff, clinic, posted):
    unwilling = factories.patient(clinic, email_consent_at=None, email_consent_version="")

    plan, _html = plan_of(client, {**posted, "patient": unwilling.pk})

    assert {line.status for line in plan.lines} == {"Held"}
    assert plan.lines[0].reasons == ["The patient has not consented to aftercare e-mail"]


def test_plan_shows_what_an_earlier_session_will_no_longer_send(client, staff, clinic, posted):
    earlier = factories.treatment_session(
        clinic,
        patient=Patient.objects.get(pk=posted["patient"]),
        protocol=Protocol.objects.get(pk=posted["protocol"]),
        ended_at=NOW - timedelta(hours=2),
    )
    complete_session(earlier, by=None, now=NOW)

    plan, html = plan_of(client, posted)

    assert [line.name for line in plan.superseded] == ["First night", "The day after"]
    assert "these will no longer be sent" in html


def test_plan_waits_for_patient_and_protocol(client, staff, posted):
    posted.pop("patient")

    plan, html = plan_of(client, posted)

    assert plan.lines == []
    assert "Choose the patient and the protocol" in html


def test_plan_says_what_is_still_missing(client, staff, clinic, posted):
    posted["practitioner"] = factories.practitioner(clinic).pk

    plan, html = plan_of(client, posted)

    assert "Add at least one treated area with its depth." in [each.text for each in plan.missing]
    assert '<a href="#areas"' in html


def test_plan_stores_nothing(client, staff, posted):
    plan_of(client, posted)

    assert not TreatmentSession.objects.exists()
    assert not ScheduledMessage.objects.exists()


def test_plan_shows_nothing_of_another_clinics_patient(client, staff, posted):
    stranger = factories.patient(factories.clinic(), time_zone="Pacific/Apia")

    plan, html = plan_of(client, {**posted, "patient": stranger.pk})

    assert plan.lines == []
    assert "Apia" not in html


def test_plan_of_another_clinics_session_is_not_found(client, staff, posted):
    session = factories.treatment_session(factories.clinic())

    url = reverse("admin:treatments_treatmentsession_plan_of", args=[session.pk])

    assert client.post(url, posted).status_code == 404


def test_plan_is_not_for_viewers(client, clinic, posted):
    client.force_login(factories.user(clinic, Role.VIEWER))

    assert client.post(PLAN, posted).status_code == 403


def test_plan_is_asked_for_by_post(client, staff):
    assert client.get(PLAN).status_code == 405


def test_plan_of_a_draft_calls_nothing_new_that_was_never_promised(client, staff, clinic, posted):
    draft = factories.treatment_session(clinic, ended_at=NOW - timedelta(minutes=30))
    url = reverse("admin:treatments_treatmentsession_plan_of", args=[draft.pk])

    plan, _html = plan_of(client, posted, url)

    assert [line.effect for line in plan.lines] == ["", ""]


@pytest.fixture
def completed(clinic):
    session = factories.treatment_session(clinic, ended_at=NOW - timedelta(minutes=30))
    complete_session(session, by=None, now=NOW)
    return session


def test_plan_of_a_correction_says_which_messages_change(client, staff, completed):
    url = reverse("admin:treatments_treatmentsession_plan_of", args=[completed.pk])

    plan, _html = plan_of(client, {"ended_at": "2026-03-28T15:12", "variant": "standard"}, url)

    assert [(line.name, line.effect, line.was) for line in plan.lines] == [
        ("First night", "Changes", "Sat 28 Mar, 16:32 London time"),
        ("The day after", "Stays as it is", ""),
    ]


def correction_of(session):
    return reverse("admin:treatments_treatmentsession_plan_of", args=[session.pk])


@pytest.fixture
def corrected_by_a_day(client, staff, completed):
    """The plan of a treatment that, as is now written, ended a day earlier: the first window has passed."""
    return plan_of(client, {"ended_at": "2026-03-27T15:32", "variant": "standard"}, correction_of(completed))


def test_message_that_a_correction_stops_has_its_new_state_and_its_time_struck(corrected_by_a_day):
    plan, html = corrected_by_a_day

    first = plan.lines[0]
    assert (first.status, first.when) == ("Missed: its window passed", "")
    assert "<s>Sat 28 Mar, 16:32 London time</s>" in html


def test_summary_counts_what_will_go_and_announces_the_task(corrected_by_a_day):
    plan, html = corrected_by_a_day

    assert plan.said.startswith("1 message: ")
    assert plan.said.endswith("; a follow-up task is opened")
    assert html.count("Saving opens a follow-up task") == 1


def test_task_that_was_announced_is_opened(client, staff, completed, corrected_by_a_day):
    move(completed, ended_at=NOW - timedelta(days=1, minutes=30))

    replan_session(completed, by=None, now=NOW)

    assert FollowUpTask.objects.filter(patient=completed.patient).count() == 1


def test_plan_of_a_late_session_announces_its_task(client, staff, posted):
    plan, _html = plan_of(client, {**posted, "ended_at": "2026-03-27T13:30"})

    assert [line.opens_task for line in plan.lines] == [True, False]


def test_summary_says_that_all_is_held_without_consent(client, staff, clinic, posted):
    unwilling = factories.patient(clinic, email_consent_at=None, email_consent_version="")

    plan, _html = plan_of(client, {**posted, "patient": unwilling.pk})

    assert plan.said == "No message is still to come; 2 held"


def test_plan_of_a_correction_says_what_has_left(client, staff, completed):
    first = completed.scheduled_messages.order_by("send_at").first()
    ScheduledMessage.objects.filter(pk=first.pk).update(status=Status.SENT, sent_at=NOW)
    url = reverse("admin:treatments_treatmentsession_plan_of", args=[completed.pk])

    plan, _html = plan_of(client, {"ended_at": "2026-03-28T15:12", "variant": "standard"}, url)

    assert plan.lines[0].effect == "Over: stays as it is"


def test_plan_is_shown_without_scripts_by_its_button(client, staff, posted):
    answer = client.post("/admin/treatments/treatmentsession/add/", {**posted, "_plan": "1"})

    html = answer.content.decode()
    assert "Nothing is saved yet" in html
    assert "Sat 28 Mar, 16:30 London time" in html
    assert not TreatmentSession.objects.exists()
