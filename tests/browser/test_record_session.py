"""The main job on a tablet: a session is recorded, its plan seen, its first message sent."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from aftercare.clinics.models import Role
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.outbox.tasks import tick
from aftercare.treatments.models import SessionState, TreatmentSession
from tests import factories
from tests.browser.looking import grave

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clinic():
    """A clinic that never sleeps and sends at once, so that the hour of the test does not matter."""
    clinic = factories.clinic(undo_minutes=0, quiet_from="08:00", quiet_until="08:00")
    factories.practitioner(clinic, name="Dr Ellis Moreau")
    factories.protocol(clinic)
    return clinic


def fill_in(page, *, ended_at):
    """What every session needs besides its patient."""
    page.get_by_label("Treatment ended at").fill(ended_at)
    page.get_by_label("Practitioner").select_option("Dr Ellis Moreau")
    page.locator("[name=areas-0-depth_mm]").fill("0.8")
    page.get_by_role("button", name="None of these").click()
    page.get_by_label("Consent to the treatment was signed").check()


def an_hour_ago(clinic):
    local = (timezone.now() - timedelta(minutes=70)).astimezone(clinic.time_zone)
    return f"{local:%Y-%m-%dT%H:%M}"


def choose_patient(page, words):
    page.locator(".field-patient .select2-selection").click()
    page.locator(".select2-search__field").fill(words)
    page.locator(".select2-results__option", has_text="Okafor").click()


def test_staff_record_a_session_see_its_plan_and_see_it_sent(log_in, clinic):
    factories.patient(clinic, first_name="Amara", last_name="Okafor")
    page = log_in(factories.user(clinic, Role.STAFF))

    page.goto("/admin/")
    page.get_by_role("link", name="Record a session").click()
    choose_patient(page, "okaf")
    fill_in(page, ended_at=an_hour_ago(clinic))
    page.locator("#plan .line", has_text="First night").get_by_text("Goes now").wait_for()
    page.locator("#plan .line", has_text="The day after").get_by_text("Scheduled").wait_for()
    page.get_by_role("button", name="Complete and schedule messages").click()
    page.get_by_text("Completed. ").wait_for()
    tick()
    page.reload()

    assert page.locator(".line", has_text="First night").get_by_text("Sent", exact=True).is_visible()
    assert [message.subject for message in mail.outbox] == [f"A note from {clinic.name}"]
    assert TreatmentSession.objects.get().state == SessionState.COMPLETED


def test_end_in_the_future_is_told_beside_the_field(log_in, clinic, shoot):
    factories.patient(clinic, first_name="Amara", last_name="Okafor")
    page = log_in(factories.user(clinic, Role.STAFF))
    page.goto("/admin/treatments/treatmentsession/add/")

    choose_patient(page, "okaf")
    fill_in(page, ended_at="2099-03-28T15:30")
    page.get_by_role("button", name="Complete and schedule messages").click()

    page.locator(".errorlist", has_text="The treatment cannot end in the future").wait_for()
    assert page.locator("[name=areas-0-depth_mm]").input_value() == "0.8"
    shoot("session-with-errors", full_page=True)
    assert grave(page) == []
    assert not ScheduledMessage.objects.exists()


def test_completion_is_undone_from_its_banner(log_in, clinic):
    clinic.undo_minutes = 3
    clinic.save()
    session = factories.treatment_session(clinic, ended_at=timezone.now() - timedelta(minutes=5))
    page = log_in(factories.user(clinic, Role.STAFF))
    page.goto(f"/admin/treatments/treatmentsession/{session.pk}/change/")

    page.get_by_role("button", name="Complete and schedule messages").click()
    page.get_by_role("button", name="Undo completion").click()
    page.get_by_text("is a draft again").wait_for()

    session.refresh_from_db()
    assert session.state == SessionState.DRAFT
    assert set(session.scheduled_messages.values_list("status", flat=True)) == {Status.HELD}
